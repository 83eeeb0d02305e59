// Members that stand twice in a JSON object: `JSON.parse` takes the last one, and whoever read the same bytes before us may have taken the first.

/** Where something stands: names of members and indices of arrays, from the outside in. */
export type JsonPath = readonly (string | number)[]

interface Frame {
  readonly isObject: boolean
  /** The member that is being read, or the index of the element. */
  at: string | number
  hasMember: boolean
  /** All names so far, once there are two: a body can have very many objects with one. */
  names: Set<string> | undefined
}

const [quote, comma, backslash] = [0x22, 0x2c, 0x5c]
const [openArray, closeArray, openObject, closeObject] = [0x5b, 0x5d, 0x7b, 0x7d]
/** The outermost value stands in nothing. */
const outside: Frame = { isObject: false, at: 0, hasMember: false, names: undefined }

/**
 * The place of the first member that its object has had already, however the two are escaped. One pass over the text, without
 * recursion: what it costs grows with the length alone.
 * @param json a text that `JSON.parse` has taken
 */
export function findDuplicateMember(json: string): JsonPath | undefined {
  const open: Frame[] = []
  let frame = outside
  let isName = false
  for (let at = 0; at < json.length; at++) {
    const code = json.charCodeAt(at)
    if (code === quote) {
      const end = endOfString(json, at)
      if (isName) {
        const name = nameOf(json, at, end)
        if (!addName(frame, name)) return [...open.slice(1).map((one) => one.at), name]
        isName = false
      }
      at = end
    } else if (code === comma) {
      isName = frame.isObject
      if (!isName) (frame.at as number)++
    } else if (code === openObject || code === openArray) {
      open.push(frame)
      isName = code === openObject
      frame = { isObject: isName, at: isName ? '' : 0, hasMember: false, names: undefined }
    } else if (code === closeObject || code === closeArray) {
      frame = open.pop()!
      isName = false
    }
  }
  return undefined
}

/** Where the string that begins at `start` has its closing quote. */
function endOfString(json: string, start: number): number {
  let at = start + 1
  for (let code = json.charCodeAt(at); code !== quote; code = json.charCodeAt(at)) at += code === backslash ? 2 : 1
  return at
}

function nameOf(json: string, start: number, end: number): string {
  const text = json.slice(start + 1, end)
  return text.includes('\\') ? (JSON.parse(`"${text}"`) as string) : text
}

/** Remembers a name; false where the object has had it already. */
function addName(frame: Frame, name: string): boolean {
  if (frame.names) {
    if (frame.names.has(name)) return false
    frame.names.add(name)
  } else if (frame.hasMember) {
    if (frame.at === name) return false
    frame.names = new Set([frame.at as string, name])
  }
  frame.hasMember = true
  frame.at = name
  return true
}
