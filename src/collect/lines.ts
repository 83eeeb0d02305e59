// Lines of a text that comes in pieces.
import { SourceTrouble } from './collector.ts'

/** A line of a file that is longer is no line. */
const lineBytesMax = 1_048_576

/** The text of UTF-8, or of UTF-16 with its mark, which PowerShell writes; the mark at the beginning (BOM) is left out. */
export async function* decoded(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let decoder: TextDecoder | undefined
  const decode = (piece?: Uint8Array): string => {
    try {
      return piece ? decoder!.decode(piece, { stream: true }) : decoder!.decode()
    } catch {
      throw new SourceTrouble('It is not UTF-8 text.')
    }
  }
  for await (const piece of pieces) {
    decoder ??= new TextDecoder(piece[0] === 0xff && piece[1] === 0xfe ? 'utf-16le' : 'utf-8', { fatal: true })
    yield decode(piece)
  }
  if (decoder) yield decode()
}

/** The lines of a text, without their line breaks. */
export async function* linesOf(pieces: AsyncIterable<Uint8Array>): AsyncGenerator<string> {
  let rest = ''
  for await (const text of decoded(pieces)) {
    const lines = (rest + text).split('\n')
    rest = lines.pop()!
    if (rest.length > lineBytesMax) throw new SourceTrouble(`A line has more than ${lineBytesMax} characters.`)
    for (const line of lines) yield line.endsWith('\r') ? line.slice(0, -1) : line
  }
  if (rest !== '') yield rest
}

/** The whole text, where it is no longer than `bytesMax`. */
export async function wholeOf(pieces: AsyncIterable<Uint8Array>, bytesMax: number): Promise<Uint8Array> {
  const parts: Uint8Array[] = []
  let length = 0
  for await (const piece of pieces) {
    length += piece.length
    if (length > bytesMax) throw new SourceTrouble(`It has more than ${bytesMax} bytes.`)
    parts.push(piece)
  }
  return Buffer.concat(parts)
}
