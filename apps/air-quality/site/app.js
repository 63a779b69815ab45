"use strict";

// Nothing but public interfaces of the city. The page runs in a sandbox: it has no cookies and no storage.
const AIR = "/api/city-ops/v1/environment/air/city";
const DIVISIONS = "/api/data-hub/v1/divisions/";
const REFRESH_MS = 5 * 60 * 1000;

// HJ 633-2012 table 2: colour and advice of each level.
const COLOURS = ["", "#00e400", "#ffff00", "#ff7e00", "#ff0000", "#99004c", "#7e0023"];
const ADVICE = [
  ["", ""],
  ["各类人群可正常活动。", "Everybody can be active outdoors."],
  ["极少数异常敏感人群应减少户外活动。", "Very few, unusually sensitive people should be outdoors less."],
  ["儿童、老年人及心脏病、呼吸系统疾病患者应减少长时间、高强度的户外锻炼。", "Children, the old and those with heart or lung disease should avoid long or hard exercise outdoors."],
  ["儿童、老年人及心脏病、呼吸系统疾病患者避免长时间、高强度的户外锻炼，一般人群适量减少户外运动。", "The vulnerable should not exercise outdoors; others less than usual."],
  ["儿童、老年人和心脏病、肺病患者应停留在室内，停止户外运动，一般人群减少户外运动。", "The vulnerable should stay indoors; others should be outdoors less."],
  ["儿童、老年人和病人应当留在室内，避免体力消耗，一般人群应避免户外活动。", "The vulnerable should stay indoors and rest; others should avoid being outdoors."],
];
const NAMES = { pm2_5: "PM2.5", pm10: "PM10", so2: "SO₂", no2: "NO₂", co: "CO", o3: "O₃", o3_8h: "O₃ 8h" };

const byId = (id) => document.getElementById(id);

function element(name, text, attributes = {}) {
  const made = document.createElement(name);
  if (text !== undefined) made.textContent = text;
  for (const [key, value] of Object.entries(attributes)) made.setAttribute(key, value);
  return made;
}

function inEnglish(text) {
  return element("span", text, { lang: "en" });
}

async function read(path) {
  const answer = await fetch(path, { headers: { Accept: "application/json" }, credentials: "omit" });
  if (!answer.ok) throw new Error(`${answer.status}`);
  return answer.json();
}

function clock(text, year) {
  return new Intl.DateTimeFormat("zh-CN", {
    timeZone: "Asia/Shanghai", year, month: "numeric", day: "numeric", hour: "2-digit", minute: "2-digit", hour12: false,
  }).format(new Date(text));
}

function showNow(now) {
  const level = now.index.level;
  const section = byId("now");
  section.style.setProperty("--level", level ? COLOURS[level.number] : "transparent");
  byId("aqi").textContent = now.index.aqi ?? "—";
  byId("level").textContent = level ? level.name : "数据不足 Too little data";
  const primary = now.index.primary_pollutants.map((name) => NAMES[name] ?? name).join("、");
  byId("primary").textContent = primary ? `首要污染物 Primary pollutant：${primary}` : "";
  byId("advice").replaceChildren();
  if (level) byId("advice").append(ADVICE[level.number][0], " ", inEnglish(ADVICE[level.number][1]));
  byId("when").textContent = `${clock(now.observed_at, "numeric")} 北京时间，${now.stations} 个站点平均 mean of ${now.stations} stations`;
  section.hidden = false;
}

function showDay(hours) {
  const known = hours.filter((hour) => hour.index.aqi !== null);
  if (known.length === 0) return;
  const [width, height, foot] = [600, 160, 20];
  const top = Math.max(100, ...known.map((hour) => hour.index.aqi)) * 1.1;
  const step = width / hours.length;
  const space = "http://www.w3.org/2000/svg";
  const picture = document.createElementNS(space, "svg");
  picture.setAttribute("viewBox", `0 0 ${width} ${height + foot}`);
  picture.setAttribute("role", "img");
  const least = Math.min(...known.map((hour) => hour.index.aqi));
  const most = Math.max(...known.map((hour) => hour.index.aqi));
  picture.setAttribute("aria-label", `过去 24 小时 AQI 在 ${least} 与 ${most} 之间 AQI between ${least} and ${most}`);
  hours.forEach((hour, place) => {
    if (hour.index.aqi === null) return;
    const tall = (hour.index.aqi / top) * height;
    const bar = document.createElementNS(space, "rect");
    const place_ = { x: place * step + 1, y: height - tall, width: Math.max(step - 2, 1), height: tall };
    for (const [key, value] of Object.entries(place_)) bar.setAttribute(key, value.toFixed(1));
    bar.setAttribute("class", "bar");
    bar.setAttribute("fill", COLOURS[hour.index.level.number]);
    const title = document.createElementNS(space, "title");
    title.textContent = `${clock(hour.observed_at)} AQI ${hour.index.aqi}`;
    bar.append(title);
    picture.append(bar);
  });
  [0, Math.floor(hours.length / 2), hours.length - 1].forEach((place, turn) => {
    const label = document.createElementNS(space, "text");
    label.setAttribute("x", (place * step + step / 2).toFixed(1));
    label.setAttribute("y", String(height + 15));
    label.setAttribute("text-anchor", ["start", "middle", "end"][turn]);
    label.textContent = clock(hours[place].observed_at);
    picture.append(label);
  });
  byId("chart").replaceChildren(picture);
  byId("day").hidden = false;
}

function showConcentrations(values) {
  const list = byId("concentrations");
  list.replaceChildren();
  for (const [name, label] of Object.entries(NAMES)) {
    if (values[name] === null || values[name] === undefined) continue;
    const box = element("div");
    const value = element("dd", String(Math.round(values[name] * 10) / 10));
    value.append(" ", element("small", name === "co" ? "mg/m³" : "µg/m³"));
    box.append(element("dt", label), value);
    list.append(box);
  }
  byId("parts").hidden = list.children.length === 0;
}

async function showStations(stations) {
  const codes = [...new Set(stations.map((one) => one.station.division_code))];
  const names = new Map(await Promise.all(codes.map(async (code) => {
    // A county's name is a kindness, not a need: the list is there without it.
    try { return [code, (await read(DIVISIONS + encodeURIComponent(code))).name]; } catch { return [code, ""]; }
  })));
  byId("stations").replaceChildren(...stations.map(({ station, hour }) => {
    const line = element("li");
    const dot = element("span", undefined, { class: "dot", "aria-hidden": "true" });
    const level = hour?.index.level;
    dot.style.background = level ? COLOURS[level.number] : "transparent";
    const name = element("span");
    name.append(dot, station.name);
    line.append(name, element("span", names.get(station.division_code) ?? "", { class: "small" }));
    line.append(element("strong", hour?.index.aqi ?? "—"), element("span", level ? level.name : "暂无数据 no data"));
    return line;
  }));
  byId("places").hidden = stations.length === 0;
}

function failed(error) {
  const state = byId("state");
  state.className = "error";
  state.hidden = false;
  state.replaceChildren("暂时读不到数据，稍后会自动重试。", " ", inEnglish(`The data cannot be read now (${error.message}); it is tried again soon.`));
}

async function show() {
  try {
    const air = await read(AIR);
    const state = byId("state");
    if (air.now === null) {
      state.className = "";
      state.replaceChildren("还没有观测数据。", " ", inEnglish("There is no observation yet."));
      return;
    }
    state.hidden = true;
    showNow(air.now);
    showDay(air.last_hours);
    showConcentrations(air.now.concentrations);
    await showStations(air.stations);
  } catch (error) {
    failed(error);
  }
}

show();
setInterval(show, REFRESH_MS);
