package problems

import (
	"crypto/sha256"
	"encoding/base64"
	"html"
	"net/http"
	"strconv"
	"strings"
)

// A refusal as a page in words, for a person who typed an address. It is the page of the services
// (citykit.refusal_pages) to the byte; a test asks both for every status and holds one to the other. Nothing of the
// address is repeated, and nothing is loaded: the style is named to the browser by its hash.

const style = `:root{color-scheme:light dark;--ink:#1b2430;--paper:#fff;--quiet:#55606e;--line:#d5dbe2;--accent:#0b5cad}` +
	`@media(prefers-color-scheme:dark){` +
	`:root{--ink:#e6ebf1;--paper:#12181f;--quiet:#a3afbd;--line:#2d3844;--accent:#7db6f0}}` +
	`*{box-sizing:border-box}` +
	`body{margin:0;color:var(--ink);background:var(--paper);overflow-wrap:anywhere;` +
	`font:1rem/1.6 system-ui,"Noto Sans CJK SC","Microsoft YaHei",sans-serif}` +
	`main{max-width:40rem;margin:0 auto;padding:1.5rem 1rem 3rem}` +
	`h1{font-size:1.5rem;line-height:1.3;margin:.25rem 0 1rem}p,ul{margin:.5rem 0}ul{padding-left:1.25rem}` +
	`[lang=en]{color:var(--quiet);font-size:.9em}h1 [lang=en],.said [lang=en]{display:block}` +
	`.status,.type{color:var(--quiet)}` +
	`.type{border-top:1px solid var(--line);margin-top:2rem;padding-top:.5rem;font-size:.9rem}` +
	`a{color:var(--accent);display:inline-block;padding:.5rem 0}` +
	`:focus-visible{outline:3px solid var(--accent);outline-offset:2px}`

type bilingual struct{ chinese, english string }

var (
	home  = bilingual{"请从首页重新进入。", "Start again from the home page."}
	later = bilingual{"请稍后再试。", "Please try again a little later."}
	// How to go on from here; who waits is told how long.
	onward = map[int]bilingual{
		400: {"请返回上一页，按提示修改后再试。", "Go back, mend what is named here and try again."},
		404: {"请核对地址是否写错，或从首页重新查找。", "Check the address, or look again from the home page."},
		405: {
			"该地址只供程序按接口文档调用，不能直接打开。",
			"This address is not one to open by hand: programs call it as the API page says.",
		},
		413: {"请返回上一页，换一个较小的文件再试。", "Go back and try with a smaller file."},
		429: later,
		500: {"问题出在我们这边，请稍后再试。", "The fault is ours. Please try again a little later."},
		502: later,
		503: later,
		504: later,
	}
	policy = stylePolicy()
)

func stylePolicy() string {
	hash := sha256.Sum256([]byte(style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(hash[:]) +
		"'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// page gives the refusal in words, and sets the headers that a page needs.
func page(header http.Header, said kind, status int) []byte {
	header.Set("Content-Type", "text/html; charset=utf-8")
	header.Set("Content-Language", "zh")
	header.Set("Content-Security-Policy", policy)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Add("Vary", "Accept")
	next, known := onward[status]
	if !known {
		next = home
	}
	if seconds := digits(header.Get("Retry-After")); seconds != "" {
		next = bilingual{"请在 " + seconds + " 秒后再试。", "Please try again in " + seconds + " s."}
	}
	return []byte(`<!doctype html>` + "\n" + `<html lang="zh-CN"><head><meta charset="utf-8">` +
		`<meta name="viewport" content="width=device-width, initial-scale=1">` +
		`<meta name="color-scheme" content="light dark">` +
		`<title>` + html.EscapeString(said.chinese) + ` · 智慧衡水</title><style>` + style + `</style></head>` + "\n" +
		`<body><main><p class="status">` + strconv.Itoa(status) + `</p>` +
		`<h1>` + both(bilingual{said.chinese, said.english}) + `</h1>` + "\n" +
		`<p class="said">` + both(next) + `</p>` + "\n" +
		`<p><a href="/">回到首页 <span lang="en">Home page</span></a></p>` + "\n" +
		`<p class="type">供程序识别 <span lang="en">For programs</span> <code>/problems/` + said.slug +
		`</code></p></main></body></html>` + "\n")
}

func both(said bilingual) string {
	return html.EscapeString(said.chinese) + ` <span lang="en">` + html.EscapeString(said.english) + `</span>`
}

// digits gives a number of seconds without leading zeros, and nothing for a date.
func digits(value string) string {
	if value == "" || strings.Trim(value, "0123456789") != "" {
		return ""
	}
	if value = strings.TrimLeft(value, "0"); value == "" {
		return "0"
	}
	return value
}

// prefersPage tells whether an Accept header (RFC 9110 §12.5.1) wants HTML more than JSON: a browser that shows it to
// a person. `text/html` must be named: whoever takes anything is a program. So is who names `image/gif` beside it,
// which is what Java's own client says of itself whatever it is used for.
func prefersPage(accepted string) bool {
	if len(accepted) > 4000 {
		accepted = accepted[:4000]
	}
	ranges := map[string]float64{}
	for _, part := range strings.Split(strings.ToLower(accepted), ",") {
		media, weight := weighed(part)
		ranges[media] = weight
	}
	if _, java := ranges["image/gif"]; java {
		return false
	}
	data, named := 0.0, false
	for media, weight := range ranges {
		if strings.HasSuffix(media, "json") {
			named = true
			if weight > data {
				data = weight
			}
		}
	}
	if !named {
		var application bool
		if data, application = ranges["application/*"]; !application {
			data = ranges["*/*"]
		}
	}
	return ranges["text/html"] > data
}

func weighed(part string) (string, float64) {
	pieces := strings.Split(part, ";")
	weight := 1.0
	for _, piece := range pieces[1:] {
		if piece = strings.TrimSpace(piece); strings.HasPrefix(piece, "q=") {
			given, err := strconv.ParseFloat(piece[2:], 64)
			if err != nil || !(given >= 0 && given <= 1) {
				given = 0
			}
			weight = given
			break
		}
	}
	return strings.TrimSpace(pieces[0]), weight
}
