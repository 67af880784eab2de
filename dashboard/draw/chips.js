// The address of this page without one pick of a filter; the other picks of the filter stay.
const without = ({ name, value, instead }) => {
  const url = new URL(window.location)
  const kept = url.searchParams.getAll(name).filter((one) => one !== value)
  url.searchParams.delete(name)
  if (instead) kept.push(instead)
  for (const one of kept) url.searchParams.append(name, one)
  return url.pathname + url.search
}

const chip = (one) => {
  const item = part("li", "chip", one.text)
  if (!one.name) return item
  const remove = link("remove", "×", () => without(one))
  remove.setAttribute("aria-label", `Remove ${one.text}`)
  remove.title = `Remove ${one.text}`
  item.append(remove)
  return item
}

export default function ({ data, parentElement }) {
  const root = parentElement.querySelector("div.root")
  const isFocused = root.contains(root.getRootNode().activeElement)
  const list = part("ul", "chips")
  list.setAttribute("aria-label", data.label)
  list.append(...data.chips.map(chip))
  root.replaceChildren(list)
  if (isFocused) list.querySelector("a")?.focus()
}
