// A click on a point of a chart opens the list at the point's address. The chart is found when it is pressed, since it is drawn
// later than this. A finger shows the point's numbers instead, and scrolls; the links are in the table below the chart.
export default function () {
  let isTouch = false
  const prepare = (event) => {
    isTouch = event.pointerType === "touch"
    const chart = event.target.closest?.(".js-plotly-plot")
    if (!chart?.on || chart.opensLists) return
    chart.opensLists = true
    chart.on("plotly_click", ({ points }) => {
      const address = points.find((point) => point.customdata)?.customdata
      if (address && !isTouch) visit(address)
    })
  }
  document.addEventListener("pointerdown", prepare, true)
  return () => document.removeEventListener("pointerdown", prepare, true)
}
