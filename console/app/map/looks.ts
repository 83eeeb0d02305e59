// How tiles look: by colour, and told apart without it, too, by a pattern.

/** What tiles are coloured by. */
export const colourings = ['state', 'owner', 'locale', 'utilization'] as const
export type Colouring = (typeof colourings)[number]
export type Pattern = 'plain' | 'up' | 'down' | 'cross' | 'dots' | 'bars' | 'rows'
export interface Paint {
  readonly light: string
  readonly dark: string
  readonly pattern: Pattern
}
export type Scheme = 'light' | 'dark'

export const states = {
  free: { light: '#e3f1e8', dark: '#1d3a2c', pattern: 'plain' },
  allocated: { light: '#1f6fb2', dark: '#4ea3e6', pattern: 'plain' },
  held: { light: '#d98b1f', dark: '#e0a04a', pattern: 'up' },
  resting: { light: '#7c8794', dark: '#8d99a6', pattern: 'down' },
  outside: { light: '#ffffff', dark: '#161d26', pattern: 'plain' },
} as const satisfies Record<string, Paint>
export const lines = { light: '#7d8998', dark: '#6b7684' } as const
/** Of tiles with findings. */
export const findingPaint = { light: '#b3261e', dark: '#ff8a7a' } as const
/** Of names: after the sixth, colours come again with other patterns. */
const hues = [
  { light: '#0072b2', dark: '#56b4e9' },
  { light: '#b35c00', dark: '#f0a23c' },
  { light: '#00795a', dark: '#2fc79a' },
  { light: '#9a4f82', dark: '#e39ac8' },
  { light: '#7a6a00', dark: '#e6d84a' },
  { light: '#4b4f9c', dark: '#a3a8f0' },
] as const
const patterns: readonly Pattern[] = ['plain', 'up', 'down', 'cross', 'dots', 'bars', 'rows']
export const namesMax = hues.length * patterns.length
export function paintOfName(index: number): Paint {
  const [turn, hue] = [Math.floor(index / hues.length), index % hues.length]
  return { ...hues[hue]!, pattern: patterns[(turn + hue) % patterns.length]! }
}
/** Of what is of several, or not to be seen. */
export const several: Paint = { light: '#9aa5b1', dark: '#7c8794', pattern: 'dots' }

/** How full: a step for each fifth. */
export const fullSteps = [
  { upTo: 0.2, words: 'up to 20 %', paint: { light: '#cfe1f2', dark: '#1c3a57', pattern: 'plain' } },
  { upTo: 0.4, words: 'up to 40 %', paint: { light: '#93c3e0', dark: '#1f5c8a', pattern: 'dots' } },
  { upTo: 0.6, words: 'up to 60 %', paint: { light: '#4b97c9', dark: '#2f82b8', pattern: 'down' } },
  { upTo: 0.8, words: 'up to 80 %', paint: { light: '#1c6bb0', dark: '#63b3e4', pattern: 'up' } },
  { upTo: 1, words: 'over 80 %', paint: { light: '#08306b', dark: '#c6e6fb', pattern: 'cross' } },
] as const satisfies readonly { upTo: number; words: string; paint: Paint }[]
export const fullPaint = (share: number): Paint =>
  (fullSteps.find(({ upTo }) => share <= upTo) ?? fullSteps.at(-1)!).paint

export interface Square {
  readonly x: number
  readonly y: number
  readonly width: number
  readonly height: number
}
const step = 6
/** What is drawn on, as far as it is used: tests of colours have no browser around them. */
interface Drawing {
  fillStyle: unknown
  strokeStyle: unknown
  lineWidth: number
  save(): void
  restore(): void
  beginPath(): void
  clip(): void
  stroke(): void
  rect(x: number, y: number, width: number, height: number): void
  fillRect(x: number, y: number, width: number, height: number): void
  moveTo(x: number, y: number): void
  lineTo(x: number, y: number): void
}
/** Fills a part of a tile. */
export function fill(to: Drawing, square: Square, paint: Paint, scheme: Scheme): void {
  const { x, y, width, height } = square
  to.fillStyle = paint[scheme]
  to.fillRect(x, y, width, height)
  if (paint.pattern === 'plain' || height < step || width < step) return
  to.save()
  to.beginPath()
  to.rect(x, y, width, height)
  to.clip()
  to.strokeStyle = scheme === 'light' ? '#ffffff' : '#161d26'
  to.fillStyle = to.strokeStyle
  to.lineWidth = 1
  to.beginPath()
  const lean = (isUp: boolean): void => {
    for (let at = -height; at < width + height; at += step) {
      to.moveTo(x + at, y + (isUp ? height : 0))
      to.lineTo(x + at + height, y + (isUp ? 0 : height))
    }
  }
  if (paint.pattern === 'up' || paint.pattern === 'cross') lean(true)
  if (paint.pattern === 'down' || paint.pattern === 'cross') lean(false)
  for (let at = step / 2; at < Math.max(width, height); at += step) {
    if (paint.pattern === 'bars') {
      to.moveTo(x + at, y)
      to.lineTo(x + at, y + height)
    }
    if (paint.pattern === 'rows') {
      to.moveTo(x, y + at)
      to.lineTo(x + width, y + at)
    }
    if (paint.pattern === 'dots')
      for (let down = step / 2; down < height; down += step) to.fillRect(x + at - 1, y + down - 1, 2, 2)
  }
  to.stroke()
  to.restore()
}
