// Reads `application/x-www-form-urlencoded` bytes into a tree of parameters, with every limit that untrusted text needs.
import { isAscii, isUtf8 } from 'node:buffer'
import { worded } from '#model/problems/worded.ts'
import { refuse } from '#model/refusal.ts'

/** One parameter, or the inner node of several: `Tag.1.Key` is `Tag` → `1` → `Key`. Never both a value and children. */
export interface FormNode {
  value: string | undefined
  children: Map<string, FormNode> | undefined
}

/** The tree above all parameters of one request. It has children or it is empty. */
export type Form = FormNode

export const parametersMax = 1_000
export const listIndexMax = 1_000
export const nameDepthMax = 6

/** The parameters that carry a presigned credential. `sigv4.ts` reads them; no operation sees them. */
const credentialParameters: ReadonlySet<string> = new Set([
  'X-Amz-Algorithm',
  'X-Amz-Credential',
  'X-Amz-Date',
  'X-Amz-Expires',
  'X-Amz-Security-Token',
  'X-Amz-Signature',
  'X-Amz-SignedHeaders',
])

/**
 * Reads a form. Refuses what two readers could understand differently: duplicate names, a name that is both value and list,
 * bad percent-encoding, text that is not UTF-8, indices beyond 1..1000. With `fromUrl`, credential parameters are passed over.
 */
export function parseForm(bytes: Buffer, { fromUrl = false }: { fromUrl?: boolean } = {}): Form {
  const text = textOf(bytes)
  const root: Form = { value: undefined, children: undefined }
  let parameters = 0
  let start = 0
  while (start < text.length) {
    let end = text.indexOf('&', start)
    if (end < 0) end = text.length
    if (++parameters > parametersMax) refuse({ code: 'RequestTooLarge', limit: parametersMax, unit: 'parameters' })
    if (end > start) {
      const piece = text.slice(start, end)
      const equals = piece.indexOf('=')
      const name = decode(equals < 0 ? piece : piece.slice(0, equals))
      if (!(fromUrl && credentialParameters.has(name))) {
        const node = descend(root, name)
        if (node.value !== undefined) refuse({ code: 'DuplicateParameter', field: name })
        if (node.children !== undefined) refuseMixture(name)
        node.value = equals < 0 ? '' : decode(piece.slice(equals + 1))
      }
    }
    start = end + 1
  }
  return root
}

function textOf(bytes: Buffer): string {
  if (isAscii(bytes)) return bytes.toString('latin1')
  if (isUtf8(bytes)) return bytes.toString('utf8')
  return refuse({ code: 'MalformedRequest', problem: worded('The parameters are not valid UTF-8.') })
}

function decode(text: string): string {
  const spaced = text.includes('+') ? text.replaceAll('+', ' ') : text
  if (!spaced.includes('%')) return spaced
  try {
    return decodeURIComponent(spaced)
  } catch {
    // The only thing decodeURIComponent throws is a URIError, and its text says nothing that helps the caller.
    const shown = text.length > 100 ? `${text.slice(0, 100)}…` : text
    return refuse({
      code: 'MalformedRequest',
      problem: worded(`\`${shown}\` is not percent-encoded UTF-8: write % and two hexadecimal digits for each byte.`),
    })
  }
}

/** Walks from the root along the segments of a name, makes the nodes that are missing, and checks every segment on its way. */
function descend(root: FormNode, name: string): FormNode {
  let node = root
  let start = 0
  for (let depth = 1; ; depth++) {
    if (depth > nameDepthMax) {
      refuse({
        code: 'MalformedRequest',
        problem: worded(`Parameter \`${brief(name)}\` has more than ${nameDepthMax} parts.`),
      })
    }
    const dot = name.indexOf('.', start)
    const end = dot < 0 ? name.length : dot
    checkSegment(name, start, end)
    if (node.value !== undefined) refuseMixture(name)
    const segment = start === 0 && end === name.length ? name : name.slice(start, end)
    node.children ??= new Map()
    let child = node.children.get(segment)
    if (child === undefined) {
      child = { value: undefined, children: undefined }
      node.children.set(segment, child)
    }
    if (dot < 0) return child
    node = child
    start = dot + 1
  }
}

/** A segment is a name, `[A-Za-z][A-Za-z0-9]*`, or, but not as the first one, an index from 1 to 1000 without leading zeros. */
function checkSegment(name: string, start: number, end: number): void {
  const first = name.charCodeAt(start)
  if (start > 0 && isDigit(first)) {
    let index = 0
    for (let at = start; at < end && index <= listIndexMax; at++) {
      const code = name.charCodeAt(at)
      if (!isDigit(code)) refuseName(name)
      index = index * 10 + code - 48
    }
    if (first === 48 || index > listIndexMax) {
      refuse({
        code: 'InvalidParameterValue',
        field: name,
        value: name.slice(start, end),
        problem: worded(`A list index is a number from 1 to ${listIndexMax} without leading zeros.`),
      })
    }
    return
  }
  if (!isLetter(first)) refuseName(name)
  for (let at = start + 1; at < end; at++) {
    const code = name.charCodeAt(at)
    if (!isLetter(code) && !isDigit(code)) refuseName(name)
  }
}

function isDigit(code: number): boolean {
  return code >= 48 && code <= 57
}

function isLetter(code: number): boolean {
  const lower = code | 32
  return code < 128 && lower >= 97 && lower <= 122
}

function refuseName(name: string): never {
  refuse({
    code: 'MalformedRequest',
    problem: worded(
      `\`${brief(name)}\` is not the name of a parameter: letters and digits, and list indices, with dots between them.`,
    ),
  })
}

function refuseMixture(name: string): never {
  refuse({
    code: 'MalformedRequest',
    problem: worded(`Parameter \`${brief(name)}\` stands once as a value and once as a list or structure.`),
  })
}

function brief(name: string): string {
  return name.length > 100 ? `${name.slice(0, 100)}…` : name
}
