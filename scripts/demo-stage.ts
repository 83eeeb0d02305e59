// How the demo speaks: what was asked, what was answered, and why; and that it ends where the product does something else.

const isColoured = process.stdout.isTTY && !process.env.NO_COLOR
export const paint = (code: number, text: string): string => (isColoured ? `\x1b[${code}m${text}\x1b[0m` : text)
export const say = (text = ''): void => void process.stdout.write(`${text}\n`)
export const heading = (text: string): void => say(`\n${paint(1, text)}`)
export const step = (asked: string): void => say(`\n${paint(36, '▸')} ${asked}`)
export const answered = (text: string): void => say(`  ${paint(32, 'answered')}  ${text}`)
export const refusedWith = (text: string): void => say(`  ${paint(33, 'refused ')}  ${text}`)
export const because = (text: string): void =>
  say(
    text
      .split('\n')
      .map((line) => `  ${paint(2, `why       ${line}`)}`)
      .join('\n'),
  )

/** The demo is a test too: where the product does not do what is told here, it ends with an error. */
export function expect(holds: boolean, what: string): asserts holds {
  if (!holds) throw new Error(`The demo expected that ${what}.`)
}
