export default function ({ data, parentElement, setTriggerValue }) {
  const part = (tag, name, text) => {
    const element = document.createElement(tag)
    element.className = name
    element.textContent = text
    return element
  }
  const list = document.createElement("ol")
  list.setAttribute("aria-label", data.label)
  for (const row of data.rows) {
    const button = document.createElement("button")
    button.type = "button"
    button.title = row.help
    button.setAttribute("aria-pressed", String(row.selected))
    const track = part("span", "track", "")
    const bar = part("span", "bar", "")
    bar.style.width = `${row.width}%`
    track.setAttribute("aria-hidden", "true")
    track.append(bar)
    const figures = part("span", "figures", row.figures + " ")
    figures.append(part("span", "note", row.note))
    button.append(part("span", "name", row.name + " "), track, figures)
    button.onclick = () => setTriggerValue("clicked", row.id)
    const item = document.createElement("li")
    item.append(button)
    list.append(item)
  }
  const root = parentElement.querySelector("div.root")
  const at = [...root.querySelectorAll("button")].indexOf(parentElement.activeElement)
  root.replaceChildren(list)
  if (at >= 0) root.querySelectorAll("button")[at]?.focus()
}
