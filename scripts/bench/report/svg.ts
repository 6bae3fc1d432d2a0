// A writer for the one kind of chart that the bench draws: panels of horizontal bars, as SVG text.

export interface Bar {
  readonly label: string
  readonly value: number
  /** What stands behind the bar. */
  readonly text: string
  /** Drawn in the stronger colour. */
  readonly ours: boolean
}

export interface Panel {
  readonly title: string
  readonly bars: readonly Bar[]
}

const WIDTH = 860
const MARGIN = 20
const LABELS = 220
/** Room for the text behind the longest bar. */
const TEXTS = 150
const BAR = 18
const GAP = 6
const TITLE = 34
const SPACE = 16
const LONGEST = WIDTH - 2 * MARGIN - LABELS - TEXTS

const STYLE = `text { font: 12px system-ui, sans-serif; fill: #24292f }
.title { font-weight: 600; font-size: 14px }
.bar { fill: #afb8c1 }
.ours { fill: #0969da }
.ground { fill: #ffffff }`

/** Bars of a panel share a scale that begins at 0; each panel has its own. */
export function chart(heading: string, panels: readonly Panel[]): string {
  const parts: string[] = []
  let top = MARGIN + TITLE
  for (const panel of panels) {
    parts.push(text(MARGIN, top, panel.title, 'title'), ...bars(panel.bars, top + GAP * 2))
    top += heightOf(panel)
  }
  const head = text(MARGIN, MARGIN + GAP, heading)
  return [
    `<svg xmlns="http://www.w3.org/2000/svg" width="${WIDTH}" height="${top}" viewBox="0 0 ${WIDTH} ${top}">`,
    `<title>${escapeXml(heading)}</title>`,
    `<style>${STYLE}</style>`,
    `<rect class="ground" width="${WIDTH}" height="${top}"/>`,
    head,
    ...parts,
    '</svg>\n',
  ].join('\n')
}

function heightOf({ bars }: Panel): number {
  return GAP * 2 + bars.length * (BAR + GAP) + SPACE * 2
}

function bars(all: readonly Bar[], top: number): string[] {
  const most = Math.max(...all.map(bar => bar.value), Number.MIN_VALUE)
  return all.flatMap(({ label, value, text: behind, ours }, index) => {
    const y = top + index * (BAR + GAP)
    const x = MARGIN + LABELS
    const width = Math.max(1, (value / most) * LONGEST)
    const kind = ours ? 'bar ours' : 'bar'
    const base = y + BAR - 5
    return [
      text(MARGIN, base, label),
      `<rect class="${kind}" x="${x}" y="${y}" width="${width.toFixed(1)}" height="${BAR}" rx="2"/>`,
      text(x + width + GAP, base, behind),
    ]
  })
}

function text(x: number, y: number, content: string, kind?: string): string {
  const style = kind === undefined ? '' : ` class="${kind}"`
  return `<text${style} x="${x.toFixed(1)}" y="${y}">${escapeXml(content)}</text>`
}

function escapeXml(content: string): string {
  return content.replace(/[&<>"]/g, character => `&#${character.charCodeAt(0)};`)
}
