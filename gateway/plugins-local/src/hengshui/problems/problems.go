// Package problems says the gateway's own refusals as problem documents (RFC 9457), in the reader's language, and to a
// person whose browser asked for a page in words (pages.go).
//
// The stock `errors` middleware was not enough: it loses Retry-After, covers what services answer with the same status,
// and asks a service for every request that a rate limit has just kept away from it. Here nobody is asked.
//
// The gateway reads this file at start and interprets it; there is nothing to build.
package problems

import (
	"context"
	"encoding/json"
	"net/http"
	"strconv"
	"strings"
)

// Config holds the options of one use of this middleware.
type Config struct {
	// Answer is the status to give without asking anybody; 0 passes requests on.
	Answer int `json:"answer,omitempty"`
}

// CreateConfig gives the options their defaults.
func CreateConfig() *Config { return &Config{} }

type kind struct{ slug, chinese, english string }

// The names and titles are those of the services, so that a client needs to know one list.
var kinds = map[int]kind{
	400: {"bad-request", "请求有误", "Bad request"},
	404: {"not-found", "未找到", "Not found"},
	405: {"method-not-allowed", "不支持该请求方法", "Method not allowed"},
	408: {"request-timeout", "请求超时", "The request did not arrive in time"},
	413: {"too-large", "内容过大", "Too large"},
	429: {"too-many-requests", "请求过于频繁", "Too many requests"},
	500: {"unexpected", "系统内部错误", "Something went wrong on our side"},
	502: {"bad-gateway", "服务无法访问", "The service cannot be reached"},
	503: {"unavailable", "服务暂时不可用，请稍后再试", "Temporarily unavailable, please try again"},
	504: {"gateway-timeout", "服务响应超时", "The service did not answer in time"},
}

type gate struct {
	next   http.Handler
	answer int
}

// New makes the middleware around next.
func New(_ context.Context, next http.Handler, config *Config, _ string) (http.Handler, error) {
	return &gate{next: next, answer: config.Answer}, nil
}

// ServeHTTP passes the request on and listens to the answer.
func (g *gate) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	if g.answer != 0 {
		refuse(w, r, g.answer)
		return
	}
	// Interpreted code cannot hand on Flush and Hijack: a stream must see the gateway's own writer.
	if r.Header.Get("Upgrade") != "" || strings.Contains(r.Header.Get("Accept"), "text/event-stream") {
		g.next.ServeHTTP(w, r)
		return
	}
	g.next.ServeHTTP(&listener{w: w, r: r}, r)
}

// listener swaps the answer for a problem document where nobody but the gateway can have made it.
type listener struct {
	w       http.ResponseWriter
	r       *http.Request
	swapped bool
}

// Header of the answer.
func (l *listener) Header() http.Header { return l.w.Header() }

// Write drops the text of an answer that was swapped.
func (l *listener) Write(body []byte) (int, error) {
	if l.swapped {
		return len(body), nil
	}
	return l.w.Write(body)
}

// WriteHeader decides: services refuse in JSON or as a page, the gateway in plain text or with no body at all.
func (l *listener) WriteHeader(status int) {
	if l.swapped {
		return
	}
	if status >= 400 {
		media := l.w.Header().Get("Content-Type")
		if media == "" || strings.HasPrefix(media, "text/plain") {
			l.swapped = true
			refuse(l.w, l.r, status)
			return
		}
	}
	l.w.WriteHeader(status)
}

func refuse(w http.ResponseWriter, r *http.Request, status int) {
	said, known := kinds[status]
	if !known {
		said = kind{"status-" + strconv.Itoa(status), "请求未能完成", "The request was refused"}
	}
	header := w.Header()
	var body []byte
	if prefersPage(r.Header.Get("Accept")) {
		body = page(header, said, status)
	} else {
		body = document(header, said, status, r)
	}
	header.Set("Content-Length", strconv.Itoa(len(body)))
	header.Set("Cache-Control", "no-store")
	header.Del("X-Retry-In")
	header.Del("Content-Encoding")
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body)
	}
}

func document(header http.Header, said kind, status int, r *http.Request) []byte {
	language, title := "zh", said.chinese
	if readsEnglish(r.Header.Get("Accept-Language")) {
		language, title = "en", said.english
	}
	header.Set("Content-Type", "application/problem+json")
	header.Set("Content-Language", language)
	body, _ := json.Marshal(map[string]interface{}{
		"type": "/problems/" + said.slug, "title": title, "status": status, "instance": r.URL.Path,
	})
	return body
}

// readsEnglish tells whether English comes before Chinese in an Accept-Language header (RFC 9110 §12.5.4).
func readsEnglish(accepted string) bool {
	chinese, english := 0.0, 0.0
	for _, part := range strings.Split(strings.ToLower(accepted), ",") {
		pieces := strings.SplitN(strings.TrimSpace(part), ";", 2)
		weight := 1.0
		if len(pieces) == 2 {
			given, err := strconv.ParseFloat(strings.TrimPrefix(strings.TrimSpace(pieces[1]), "q="), 64)
			if err != nil {
				given = 0
			}
			weight = given
		}
		switch strings.SplitN(strings.TrimSpace(pieces[0]), "-", 2)[0] {
		case "zh":
			if weight > chinese {
				chinese = weight
			}
		case "en":
			if weight > english {
				english = weight
			}
		}
	}
	return english > chinese
}
