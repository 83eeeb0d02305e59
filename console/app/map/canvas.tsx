// The tiles of a map on one canvas. Whoever hears or types has the table beside it.
import Box from '@cloudscape-design/components/box'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { type Cidr, formatCidr, makeCidr, parseCidr, sizeOf } from '../../../src/model/cidr.ts'
import { countText } from '../parts/words.tsx'
import { gridOf, indexAt, placeOf } from './layout.ts'
import { fill, findingPaint, lines, type Paint, type Scheme, type Square, states } from './looks.ts'
import { type Shares, sharesOf, type Tile, type Window } from './tiles.ts'

const tilePixelsMax = 30
const gapPixels = 2

export interface CanvasProps extends Window {
  readonly tiles: readonly Tile[]
  readonly cidrs: readonly string[]
  /** Of what the map is. */
  readonly name: string
  readonly chosen: string | undefined
  /** The colour of a tile that is somebody's; undefined: by the state of each part of it. */
  readonly paintOf: ((tile: Tile, shares: Shares) => Paint) | undefined
  readonly nameOf: (tile: Tile) => string | undefined
  readonly open: (tile: Cidr, isFree: boolean) => void
}

export function Canvas(props: CanvasProps): ReactNode {
  const { window, length, name, open, nameOf } = props
  const canvas = useRef<HTMLCanvasElement>(null)
  const [under, setUnder] = useState<string | undefined>()
  const bits = length - window.length
  const { columns, rows } = gridOf(bits)
  const size = sizeOf({ ...window, length })
  const tileAt = (index: number): Cidr => makeCidr(window.family, window.first + BigInt(index) * size, length)
  const tiles = new Map(
    props.tiles.map((tile) => [Number((parseCidr(tile.cidr)!.first - window.first) / size), tile] as const),
  )
  const owned = props.cidrs.flatMap((text) => parseCidr(text) ?? [])
  const isOwn = ({ first }: Cidr): boolean =>
    owned.some((cidr) => first + size > cidr.first && first < cidr.first + sizeOf(cidr))
  const chosen = props.chosen === undefined ? undefined : parseCidr(props.chosen)

  useEffect(() => {
    const element = canvas.current!
    const paint = (): void => {
      const scheme = document.body.classList.contains('awsui-dark-mode') ? 'dark' : 'light'
      const side = Math.max(3, Math.min(tilePixelsMax, Math.floor(element.parentElement!.clientWidth / columns)))
      const scale = devicePixelRatio
      element.width = columns * side * scale
      element.height = rows * side * scale
      element.style.inlineSize = `${columns * side}px`
      element.style.blockSize = `${rows * side}px`
      const to = element.getContext('2d')!
      to.scale(scale, scale)
      const gap = side > 8 ? gapPixels : 1
      for (let index = 0; index < columns * rows; index++) {
        const { column, row } = placeOf(index, bits)
        const tile = tiles.get(index)
        const cidr = tileAt(index)
        const square = { x: column * side, y: row * side, width: side - gap, height: side - gap }
        const shares = sharesOf(tile, size, isOwn(cidr))
        paintTile(to, scheme, square, { tile, shares, paintOf: props.paintOf })
        if (chosen && chosen.first < cidr.first + size && cidr.first < chosen.first + sizeOf(chosen)) {
          to.strokeStyle = scheme === 'light' ? '#000000' : '#ffffff'
          to.lineWidth = 2
          to.strokeRect(square.x + 1, square.y + 1, square.width - 2, square.height - 2)
        }
      }
    }
    paint()
    const watch = new ResizeObserver(paint)
    watch.observe(element.parentElement!)
    const modes = new MutationObserver(paint)
    modes.observe(document.body, { attributes: true, attributeFilter: ['class'] })
    return () => {
      watch.disconnect()
      modes.disconnect()
    }
  })
  const indexUnder = (event: { clientX: number; clientY: number }): number => {
    const box = canvas.current!.getBoundingClientRect()
    const side = box.width / columns
    const column = Math.min(columns - 1, Math.max(0, Math.floor((event.clientX - box.left) / side)))
    const row = Math.min(rows - 1, Math.max(0, Math.floor((event.clientY - box.top) / side)))
    return indexAt({ column, row }, bits)
  }
  const sayTile = (index: number): string => {
    const tile = tiles.get(index)
    const cidr = tileAt(index)
    if (!tile) return `${formatCidr(cidr)}: ${isOwn(cidr) ? 'free' : 'no space here'}`
    const parts = (['allocated', 'held', 'resting', 'free'] as const).flatMap((of) =>
      tile[of] === undefined ? [] : [`${countText(tile[of])} ${of}`],
    )
    const of = nameOf(tile)
    return `${formatCidr(cidr)}: ${parts.join(', ')}${of === undefined ? '' : ` (${of})`}`
  }
  return (
    <div>
      <canvas
        ref={canvas}
        role="img"
        aria-label={`Map of ${formatCidr(window)} of ${name}: ${props.tiles.length} of ${columns * rows} tiles are not wholly free. The table says the same.`}
        style={{ cursor: 'pointer', maxInlineSize: '100%' }}
        onPointerMove={(event) => setUnder(sayTile(indexUnder(event)))}
        onPointerLeave={() => setUnder(undefined)}
        onClick={(event) => {
          const index = indexUnder(event)
          open(tileAt(index), !tiles.has(index) && isOwn(tileAt(index)))
        }}
      />
      <Box color="text-body-secondary">
        {under ?? 'Point at a tile: what it is stands here. A free one is for allocating, any other to look closer.'}
      </Box>
    </div>
  )
}

interface Painted {
  readonly tile: Tile | undefined
  readonly shares: Shares
  readonly paintOf: CanvasProps['paintOf']
}
/** From below: what is allocated, held and resting, as much of the tile as it is of the block. */
function paintTile(
  to: CanvasRenderingContext2D,
  scheme: Scheme,
  square: Square,
  { tile, shares, paintOf }: Painted,
): void {
  const { x, y, width, height } = square
  fill(to, square, shares.outside >= 1 ? states.outside : states.free, scheme)
  if (tile && paintOf) {
    if (shares.allocated > 0) fill(to, square, paintOf(tile, shares), scheme)
  } else {
    let bottom = y + height
    for (const of of ['allocated', 'held', 'resting'] as const) {
      if (shares[of] === 0) continue
      // However little it is, it can be seen.
      const part = Math.max(Math.min(2, height), shares[of] * height)
      bottom -= part
      fill(to, { x, y: bottom, width, height: part }, states[of], scheme)
    }
  }
  if ((tile?.findings ?? 0) > 0) {
    to.fillStyle = findingPaint[scheme]
    to.beginPath()
    to.moveTo(x + width, y)
    to.lineTo(x + width, y + Math.min(9, height))
    to.lineTo(x + width - Math.min(9, width), y)
    to.fill()
  }
  if (shares.outside < 1) return
  to.strokeStyle = lines[scheme]
  to.lineWidth = 1
  to.setLineDash([2, 2])
  to.strokeRect(x + 0.5, y + 0.5, width - 1, height - 1)
  to.setLineDash([])
}
