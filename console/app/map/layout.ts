// Where each tile of a map lies: along a Hilbert curve, so that what is near in addresses is near on the screen. Pure, and tested.

export interface Grid {
  readonly columns: number
  readonly rows: number
}
/** Tiles are a power of two: a square where its exponent is even, else two squares beside one another. */
export function gridOf(bits: number): Grid {
  const rows = 2 ** Math.floor(bits / 2)
  return { rows, columns: rows * (bits % 2 === 0 ? 1 : 2) }
}

export interface Place {
  readonly column: number
  readonly row: number
}
/** The place of a tile by its number: the n-th from the first address on. */
export function placeOf(index: number, bits: number): Place {
  const { rows } = gridOf(bits)
  const perSquare = rows * rows
  const { column, row } = alongCurve(index % perSquare, rows)
  return { column: column + Math.floor(index / perSquare) * rows, row }
}
/** The other way round: which tile is there. */
export function indexAt({ column, row }: Place, bits: number): number {
  const { rows } = gridOf(bits)
  const square = Math.floor(column / rows)
  return square * rows * rows + ofCurve({ column: column % rows, row }, rows)
}

/** Hilbert's curve in a square of a power of two, from upper left to upper right. */
function alongCurve(distance: number, side: number): Place {
  let column = 0
  let row = 0
  let rest = distance
  for (let size = 1; size < side; size *= 2) {
    const right = 1 & (rest >> 1)
    const down = 1 & (rest ^ right)
    ;[column, row] = turned(column, row, size, right, down)
    column += size * right
    row += size * down
    rest >>= 2
  }
  return { column, row }
}
function ofCurve({ column, row }: Place, side: number): number {
  let distance = 0
  for (let size = side / 2; size >= 1; size /= 2) {
    const right = (column & size) > 0 ? 1 : 0
    const down = (row & size) > 0 ? 1 : 0
    distance += size * size * ((3 * right) ^ down)
    ;[column, row] = turned(column & (size - 1), row & (size - 1), size, right, down)
  }
  return distance
}
function turned(column: number, row: number, size: number, right: number, down: number): [number, number] {
  if (down === 1) return [column, row]
  return right === 1 ? [size - 1 - row, size - 1 - column] : [row, column]
}
