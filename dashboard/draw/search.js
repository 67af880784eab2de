// The search: a box, and links to what it finds. The box stays as it is while the links change below it.

let waiting
// Enter was pressed before the results of the words were there.
let isEntered = false

const make = (root, data) => {
  const box = part("input", "search")
  box.type = "search"
  box.setAttribute("aria-label", data.label)
  box.placeholder = data.label
  box.value = data.words
  const said = part("p", "said")
  said.setAttribute("role", "status")
  const list = part("ol", "rows")
  list.setAttribute("aria-label", data.found)
  root.append(box, said, list)
  box.focus()
  box.select()
}

export default function ({ data, parentElement, setStateValue }) {
  const root = parentElement.querySelector("div.root")
  if (!root.hasChildNodes()) make(root, data)
  const [box, said, list] = root.children
  const isFocused = list.contains(root.getRootNode().activeElement)
  said.textContent = data.said
  list.replaceChildren(...data.rows.map(row))
  rove(list, box)
  const links = [...list.querySelectorAll("a.row")]
  if (isFocused) (links[0] ?? box).focus()
  const ask = () => {
    clearTimeout(waiting)
    setStateValue("words", box.value.trim())
  }
  const isAnswered = () => box.value.trim() === data.words
  box.oninput = () => {
    isEntered = false
    clearTimeout(waiting)
    waiting = setTimeout(ask, 250)
  }
  box.onkeydown = (event) => {
    if (event.isComposing || !["ArrowDown", "Enter"].includes(event.key)) return
    event.preventDefault()
    if (event.key === "ArrowDown") links[0]?.focus()
    else if (isAnswered()) links[0]?.click()
    else {
      isEntered = true
      ask()
    }
  }
  // A letter typed on a link is one more of the words.
  root.onkeydown = (event) => {
    if (event.key.length === 1 && event.key !== " " && !event.ctrlKey && !event.metaKey && !event.altKey) box.focus()
  }
  if (isEntered && isAnswered()) {
    isEntered = false
    links[0]?.click()
  }
}
