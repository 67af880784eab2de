const part = (tag, name, text) => {
  const element = document.createElement(tag)
  element.className = name
  element.textContent = text
  return element
}

// A page that is served without TLS has no clipboard of its own: there the old command copies what is selected.
const copy = async (text) => {
  if (navigator.clipboard) return navigator.clipboard.writeText(text)
  const box = part("textarea", "", text)
  document.body.append(box)
  box.select()
  document.execCommand("copy")
  box.remove()
}

export default function ({ data, parentElement }) {
  const list = part("ul", "addresses", "")
  list.setAttribute("aria-label", data.label)
  for (const one of data.addresses) {
    const item = part("li", "", "")
    item.append(part("span", "who", one.who), " ", part(one.bounced ? "s" : "span", "address", one.address), " ")
    if (one.bounced) item.append(part("span", "bounced", one.bounced), " ")
    const button = part("button", "copy", "Copy")
    button.type = "button"
    button.setAttribute("aria-label", `Copy ${one.address}`)
    const said = part("span", "said", "")
    said.setAttribute("role", "status")
    button.onclick = () => copy(one.address).then(
      () => { said.textContent = "Copied" }, () => { said.textContent = "The browser refused to copy" },
    )
    item.append(button, " ", said)
    list.append(item)
  }
  parentElement.querySelector("div.root").replaceChildren(list)
}
