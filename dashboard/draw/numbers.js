// A number, which is a link where there is something behind it.
const figure = (one) => {
  const name = one.isLate ? "number late" : "number"
  const element = one.address ? link(name, one.text, () => one.address) : part("span", name, one.text)
  if (one.help) element.title = one.help
  return element
}

const group = (one) => {
  const item = part("li", one.isLate ? "group overdue" : "group")
  item.append(part("span", "title", one.title), ...one.numbers.flatMap((number) => [" ", figure(number)]))
  return item
}

// A small line; its numbers are said in words too.
const sparkline = ({ weeks, weeksText }) => {
  const drawing = document.createElementNS("http://www.w3.org/2000/svg", "svg")
  const known = weeks.filter((week) => week !== null)
  const [least, most] = [Math.min(...known), Math.max(...known)]
  const at = (week, place) => `${(100 * place) / (weeks.length - 1)},${22 - (20 * (week - least)) / (most - least || 1)}`
  // One line from gap to gap; a week between two gaps is a line of its own, which its round ends show as a dot.
  const lines = [[]]
  weeks.forEach((week, place) => {
    if (week === null) lines.push([])
    else lines.at(-1).push(at(week, place))
  })
  for (const points of lines.filter((one) => one.length)) {
    const line = document.createElementNS("http://www.w3.org/2000/svg", "polyline")
    line.setAttribute("points", (points.length > 1 ? points : [points[0], points[0]]).join(" "))
    drawing.append(line)
  }
  drawing.setAttribute("viewBox", "0 0 100 24")
  drawing.setAttribute("preserveAspectRatio", "none")
  drawing.setAttribute("role", "img")
  drawing.setAttribute("aria-label", weeksText)
  return drawing
}

const card = (one) => {
  const item = part("li", "card")
  const label = part("span", "label", one.label)
  label.title = one.help
  const value = one.address ? link("value", one.value, () => one.address) : part("span", "value", one.value)
  value.setAttribute("aria-label", `${one.label}: ${one.value}`)
  item.append(label, value)
  if (one.weeks?.filter((week) => week !== null).length > 2) item.append(sparkline(one))
  const caption = part("span", "caption", one.lead ? `${one.lead} ` : "")
  if (one.part) caption.append(figure(one.part), one.caption.startsWith(";") ? "" : " ")
  caption.append(one.caption)
  item.append(caption)
  return item
}

const listOf = (name, label, items) => {
  const list = part("ul", name)
  list.style.setProperty("--columns", Math.min(items.length, 7))
  list.setAttribute("aria-label", label)
  list.append(...items)
  return list
}

const cell = (one, at) => {
  const item = part(at ? "td" : "th", "")
  if (!at) item.scope = "row"
  item.append(figure(one))
  if (one.shade !== undefined) {
    item.className = "shaded"
    item.style.setProperty("--shade", `${one.shade}%`)
  }
  if (one.share !== undefined) {
    const track = part("span", "track")
    const bar = part("span", "bar")
    bar.style.width = `${one.share}%`
    track.setAttribute("aria-hidden", "true")
    track.append(bar)
    item.append(track)
  }
  return item
}

const tableOf = ({ titles, helps, rows, hasCaption }, label) => {
  const table = part("table", "")
  if (hasCaption) table.append(part("caption", "", label))
  const head = table.createTHead().insertRow()
  titles.forEach((title, at) => {
    const name = part("th", "", title)
    name.scope = "col"
    if (helps[at]) name.title = helps[at]
    head.append(name)
  })
  const body = table.createTBody()
  for (const row of rows) body.insertRow().append(...row.map(cell))
  // A wide table is scrolled, also by keyboard.
  const scrolled = part("div", "scroll")
  scrolled.tabIndex = 0
  scrolled.setAttribute("role", "region")
  scrolled.setAttribute("aria-label", label)
  scrolled.append(table)
  return scrolled
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector("div.root")
  const focused = root.getRootNode().activeElement
  const at = root.contains(focused) ? [...root.querySelectorAll("a")].indexOf(focused) : -1
  if (data.table) root.replaceChildren(tableOf(data.table, data.label))
  else if (data.cards) root.replaceChildren(listOf("cards", data.label, data.cards.map(card)))
  else root.replaceChildren(listOf("strip", data.label, data.groups.map(group)))
  if (at >= 0) root.querySelectorAll("a")[at]?.focus()
}
