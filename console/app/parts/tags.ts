// Tags as somebody types them: one on each line, KEY=VALUE.
const pattern = /^[^=]+(=.*)?$/s
const linesIn = (text: string): string[] =>
  text
    .split('\n')
    .map((line) => line.trim())
    .filter((line) => line !== '')

/** What is wrong with what was typed. */
export const checkTags = (text: string): string | undefined => {
  const wrong = linesIn(text).find((line) => !pattern.test(line))
  return wrong === undefined ? undefined : `“${wrong}” is not KEY=VALUE: one tag on each line.`
}
export const tagsIn = (text: string): Record<string, string> =>
  Object.fromEntries(
    linesIn(text).map((line) => {
      const at = line.indexOf('=')
      return at < 0 ? [line, ''] : [line.slice(0, at).trim(), line.slice(at + 1).trim()]
    }),
  )
