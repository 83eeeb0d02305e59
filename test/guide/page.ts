// What a guide's page asks to be run: its fenced blocks, in order, and how a shown output is compared.

export type Step =
  /** ```sh: commands, each of which must succeed; what they print is not looked at. */
  | { readonly kind: 'commands'; readonly line: number; readonly text: string }
  /** ```console: one command after `$ `, and what is shown below it; it may fail. */
  | { readonly kind: 'shown'; readonly line: number; readonly text: string; readonly output: string }
  /** ```sql: statements for the database's administrator. */
  | { readonly kind: 'sql'; readonly line: number; readonly text: string }
  /** ```js NAME or any other language with a name after it: a file of the reader's. */
  | { readonly kind: 'file'; readonly line: number; readonly text: string; readonly name: string }

/** Blocks of other languages without a name are for reading alone. */
export function stepsOf(page: string): Step[] {
  const steps: Step[] = []
  for (const { 1: info, 2: text, index } of page.matchAll(/^```(\S.*)?\n([\s\S]*?)^```$/gm)) {
    const line = page.slice(0, index).split('\n').length + 1
    const [language, name] = (info ?? '').split(' ')
    if (language === 'sh') steps.push({ kind: 'commands', line, text: text! })
    else if (language === 'sql') steps.push({ kind: 'sql', line, text: text! })
    else if (language === 'console') steps.push(...shownIn(text!, line))
    else if (name !== undefined) steps.push({ kind: 'file', line, text: text!, name })
  }
  return steps
}

/** A command goes on behind a line that ends with `\`. */
function shownIn(text: string, firstLine: number): Step[] {
  const steps: { kind: 'shown'; line: number; text: string; output: string }[] = []
  let goesOn = false
  for (const [index, line] of text.split('\n').slice(0, -1).entries()) {
    const last = steps.at(-1)
    if (goesOn) last!.text += `${line}\n`
    else if (line.startsWith('$ ')) {
      steps.push({ kind: 'shown', line: firstLine + index, text: `${line.slice(2)}\n`, output: '' })
    } else if (last) last.output += `${line}\n`
    else throw new Error(`line ${firstLine + index}: a \`console\` block begins with \`$ \``)
    goesOn = (goesOn || line.startsWith('$ ')) && line.endsWith('\\')
  }
  return steps
}

/**
 * Whether `output` is what is `shown`. `…` stands for anything within a line, a line of `…` alone for any lines, and a
 * moment for any other of its form. An identifier of ours or an account's number stands for any of its kind, but for the
 * same one everywhere on the page: `ids` remembers which.
 */
export function matchesShown(shown: string, output: string, ids: Map<string, string>): boolean {
  const bound: string[] = []
  const pattern = shown
    .trimEnd()
    .split('\n')
    .map((line) => (line === '…' ? anyLines : patternOf(line, ids, bound)))
    .join('')
  const found = new RegExp(`^${pattern}$`).exec(`${output.trimEnd()}\n`)
  if (!found) return false
  for (const [index, id] of bound.entries()) ids.set(id, found.groups![`id${index}`]!)
  return true
}
const anyLines = '(?:.*\\n)*?'
const escaped = (text: string): string => text.replace(/[\\^$.*+?()[\]{}|/]/g, '\\$&').replaceAll('…', '.*')

/** What is another one at every run, and how any of its kind looks. */
const drawn: readonly { readonly pattern: string; readonly isRemembered: boolean }[] = [
  // Ours, and those that Amazon has in a longer form.
  { pattern: '\\b[a-z]+(?:-[a-z]+)*-(?:[0-9a-f]{32}|[0-9a-f]{17})\\b', isRemembered: true },
  { pattern: '\\bou-[0-9a-z]{4}-[0-9a-z]{8}\\b', isRemembered: true },
  { pattern: '\\br-[0-9a-z]{4}\\b', isRemembered: true },
  { pattern: '(?<![\\w.])\\d{12}(?![\\w.])', isRemembered: true },
  { pattern: '\\b\\d{4}-\\d\\d-\\d\\dT\\d\\d:\\d\\d:\\d\\d\\.\\d{3}Z', isRemembered: false },
  { pattern: '\\b\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\dZ', isRemembered: false },
  // Below a heading that names the zone.
  { pattern: '\\b\\d{4}-\\d\\d-\\d\\d \\d\\d:\\d\\d:\\d\\d(?![Z\\d+-])', isRemembered: false },
]
const drawnPattern = new RegExp(drawn.map(({ pattern }) => `(${pattern})`).join('|'), 'g')

function patternOf(line: string, ids: ReadonlyMap<string, string>, bound: string[]): string {
  let pattern = ''
  let at = 0
  for (const { 0: text, index } of line.matchAll(drawnPattern)) {
    pattern += escaped(line.slice(at, index)) + anyOf(text, { ids, bound })
    at = index + text.length
  }
  return `${pattern}${escaped(line.slice(at))}\\n`
}

function anyOf(text: string, known: { readonly ids: ReadonlyMap<string, string>; readonly bound: string[] }): string {
  const { pattern, isRemembered } = drawn.find(({ pattern }) => new RegExp(`^${pattern}$`).test(text))!
  if (!isRemembered) return pattern
  const id = known.ids.get(text)
  if (id !== undefined) return id
  if (known.bound.includes(text)) return `\\k<id${known.bound.indexOf(text)}>`
  const prefix = /^(?:[a-z]+-)+(?=[0-9a-f]{17})/.exec(text)?.[0]
  const own = prefix === undefined ? pattern : `${prefix}[0-9a-f]{${text.length - prefix.length}}`
  return `(?<id${known.bound.push(text) - 1}>${own})`
}
