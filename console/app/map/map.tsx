// A pool as a map: one canvas of tiles, and the same as a table for the keyboard and for screen readers. Zoom is in the address.
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Grid from '@cloudscape-design/components/grid'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { type ReactNode, useEffect, useRef, useState } from 'react'
import { useNavigate, useSearchParams } from 'react-router'
import { bitsOf, type Cidr, formatCidr, makeCidr, parseCidr, sizeOf, supernet } from '../../../src/model/cidr.ts'
import { api, type Schemas } from '../api/client.ts'
import { ask } from '../api/queries.ts'
import { type Column, List } from '../parts/list.tsx'
import { Wrong } from '../parts/page.tsx'
import { Cidr as CidrLink, Count, countText } from '../parts/words.tsx'
import { gridOf, indexAt, placeOf } from './layout.ts'

/** Of one step of zoom: 256 tiles are told apart by eye. */
const stepBits = 8
const tilePixelsMax = 30
const gapPixels = 2

/** Side by side where there is room. */
const halves = [{ colspan: { default: 12, m: 6 } }, { colspan: { default: 12, m: 6 } }]

type Tile = Schemas['AddressTile']
/** The window of the map in the address of the page. */
export const mapOf = (poolId: string, window: string | null) => {
  const cidr = window === null ? undefined : parseCidr(window)
  const query = cidr && { cidr: formatCidr(cidr), netmaskLength: tileLengthOf(cidr) }
  return ask(['map', poolId, query ?? null], (signal) =>
    api.GET('/pools/{poolId}/map', { params: { path: { poolId }, ...(query && { query }) }, signal }),
  )
}
/** An even number of bits makes a square, where there is room for it. */
function tileLengthOf({ family, length }: Cidr): number {
  const left = bitsOf(family) - length
  return length + (left >= stepBits ? stepBits : left)
}

const number = (text: string | undefined): bigint => BigInt(text ?? '0')
interface Shares {
  readonly allocated: number
  readonly held: number
  readonly resting: number
  /** What the pool does not have of the tile. */
  readonly outside: number
}
function sharesOf(tile: Tile | undefined, size: bigint, isOfPool: boolean): Shares {
  if (!tile) return { allocated: 0, held: 0, resting: 0, outside: isOfPool ? 0 : 1 }
  const share = (count: bigint): number => Number((count * 1000n) / size) / 1000
  return {
    allocated: share(number(tile.allocated)),
    held: share(number(tile.held)),
    resting: share(number(tile.resting)),
    outside: tile.size === undefined ? 0 : share(size - number(tile.size)),
  }
}

/** Told apart without colours, too: each has its pattern. */
const looks = {
  light: {
    free: '#e3f1e8',
    allocated: '#1f6fb2',
    held: '#d98b1f',
    resting: '#7c8794',
    outside: '#ffffff',
    line: '#9aa5b1',
  },
  dark: {
    free: '#1d3a2c',
    allocated: '#4ea3e6',
    held: '#e0a04a',
    resting: '#8d99a6',
    outside: '#161d26',
    line: '#55606d',
  },
} as const

export function AddressMap({ poolId, poolName }: { readonly poolId: string; readonly poolName: string }): ReactNode {
  const [params, setParams] = useSearchParams()
  const navigate = useNavigate()
  const { data, error } = useQuery({ ...mapOf(poolId, params.get('window')), placeholderData: keepPreviousData })
  const window = data?.cidr === undefined ? undefined : parseCidr(data.cidr)
  const length = data?.netmaskLength
  const zoom = (to: string | undefined): void =>
    setParams((before) => {
      const after = new URLSearchParams(before)
      after.delete('cursor')
      if (to === undefined) after.delete('window')
      else after.set('window', to)
      return after
    })
  if (error && !data) return <Wrong error={error} />
  if (data && (!window || length === undefined)) return <Alert type="info">The pool has no space yet.</Alert>
  if (!data || !window || length === undefined) return null
  const open = (cidr: Cidr): void => {
    if (cidr.length < bitsOf(cidr.family)) zoom(formatCidr(cidr))
    else void navigate(`/address?cidr=${encodeURIComponent(formatCidr(cidr))}`)
  }
  const outer = window.length > 0 ? supernet(window, Math.max(0, window.length - stepBits)) : undefined
  const columns: readonly Column<Tile>[] = [
    {
      id: 'cidr',
      header: 'Block',
      width: 130,
      cell: (row) => <CidrLink>{row.cidr}</CidrLink>,
      text: (row) => row.cidr,
    },
    {
      id: 'zoom',
      header: 'Look closer',
      width: 110,
      cell: (row) => (
        <Button wrapText={false} ariaLabel={`Open ${row.cidr}`} onClick={() => open(parseCidr(row.cidr)!)}>
          Open
        </Button>
      ),
      text: () => '',
    },
    {
      id: 'allocated',
      header: 'Allocated',
      width: 90,
      cell: (row) => <Count of={row.allocated ?? '0'} />,
      text: (row) => row.allocated ?? '0',
    },
    {
      id: 'free',
      header: 'Free',
      width: 80,
      cell: (row) => <Count of={row.free ?? '0'} />,
      text: (row) => row.free ?? '0',
    },
    {
      id: 'held',
      header: 'Held',
      width: 80,
      cell: (row) => <Count of={row.held ?? '0'} />,
      text: (row) => row.held ?? '0',
    },
    {
      id: 'resting',
      header: 'Resting',
      width: 80,
      cell: (row) => <Count of={row.resting ?? '0'} />,
      text: (row) => row.resting ?? '0',
    },
  ]
  return (
    <Grid gridDefinition={halves}>
      <Container
        header={
          <Header
            variant="h2"
            description={`Each tile is a /${length}. Choose one to look closer.`}
            actions={
              <SpaceBetween size="xs" direction="horizontal">
                <Button
                  disabled={!outer}
                  disabledReason="This is all there is."
                  onClick={() => zoom(formatCidr(outer!))}
                >
                  Zoom out
                </Button>
                <Button
                  disabled={!params.has('window')}
                  disabledReason="It is shown from its beginning."
                  onClick={() => zoom(undefined)}
                >
                  Whole pool
                </Button>
              </SpaceBetween>
            }
          >
            Map of {formatCidr(window)}
          </Header>
        }
      >
        <SpaceBetween size="s">
          <Canvas map={data} window={window} length={length} name={poolName} open={open} />
          <Legend />
        </SpaceBetween>
      </Container>
      <List
        title="Tiles that are not wholly free"
        query={{ queryKey: ['tiles', poolId, data.cidr, length], queryFn: async () => ({ items: data.tiles }) }}
        columns={columns}
        keyOf={(row) => row.cidr}
        empty={`All of ${formatCidr(window)} that the pool has is free.`}
      />
    </Grid>
  )
}

interface CanvasProps {
  readonly map: Schemas['AddressMap']
  readonly window: Cidr
  readonly length: number
  readonly name: string
  readonly open: (tile: Cidr) => void
}
function Canvas({ map, window, length, name, open }: CanvasProps): ReactNode {
  const canvas = useRef<HTMLCanvasElement>(null)
  const [under, setUnder] = useState<string | undefined>()
  const bits = length - window.length
  const { columns, rows } = gridOf(bits)
  const size = sizeOf({ ...window, length })
  const tileAt = (index: number): Cidr => makeCidr(window.family, window.first + BigInt(index) * size, length)
  const indexOf = (cidr: Cidr): number => Number((cidr.first - window.first) / size)
  const tiles = new Map(map.tiles.map((tile) => [indexOf(parseCidr(tile.cidr)!), tile]))
  const owned = map.cidrs.flatMap((text) => parseCidr(text) ?? [])
  const isOfPool = ({ first }: Cidr): boolean =>
    owned.some((cidr) => first >= cidr.first && first < cidr.first + sizeOf(cidr))
  const sideOf = (width: number): number => Math.min(tilePixelsMax, Math.floor(width / columns))

  useEffect(() => {
    const element = canvas.current!
    const paint = (): void => {
      const look = looks[document.body.classList.contains('awsui-dark-mode') ? 'dark' : 'light']
      const side = sideOf(element.parentElement!.clientWidth)
      const scale = devicePixelRatio
      element.width = columns * side * scale
      element.height = rows * side * scale
      element.style.inlineSize = `${columns * side}px`
      element.style.blockSize = `${rows * side}px`
      const to = element.getContext('2d')!
      to.scale(scale, scale)
      for (let index = 0; index < columns * rows; index++) {
        const { column, row } = placeOf(index, bits)
        paintTile(
          to,
          look,
          { x: column * side, y: row * side, side: side - gapPixels },
          sharesOf(tiles.get(index), size, isOfPool(tileAt(index))),
        )
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
  const tileUnder = (event: { clientX: number; clientY: number }): number => {
    const box = canvas.current!.getBoundingClientRect()
    const side = box.width / columns
    const column = Math.min(columns - 1, Math.max(0, Math.floor((event.clientX - box.left) / side)))
    const row = Math.min(rows - 1, Math.max(0, Math.floor((event.clientY - box.top) / side)))
    return indexAt({ column, row }, bits)
  }
  const sayTile = (index: number): string => {
    const tile = tiles.get(index)
    const cidr = tileAt(index)
    if (!tile) return `${formatCidr(cidr)}: ${isOfPool(cidr) ? 'free' : 'not of this pool'}`
    const parts = (['allocated', 'held', 'resting', 'free'] as const).flatMap((of) =>
      tile[of] === undefined ? [] : [`${countText(tile[of])} ${of}`],
    )
    return `${formatCidr(cidr)}: ${parts.join(', ')}`
  }
  return (
    <div>
      <canvas
        ref={canvas}
        role="img"
        aria-label={`Map of ${formatCidr(window)} of ${name}: ${map.tiles.length} of ${columns * rows} tiles are not wholly free. The table below says the same.`}
        style={{ cursor: 'pointer', maxInlineSize: '100%' }}
        onPointerMove={(event) => setUnder(sayTile(tileUnder(event)))}
        onPointerLeave={() => setUnder(undefined)}
        onClick={(event) => open(tileAt(tileUnder(event)))}
      />
      <Box color="text-body-secondary">{under ?? 'Point at a tile: what it is stands here.'}</Box>
    </div>
  )
}

interface Square {
  readonly x: number
  readonly y: number
  readonly side: number
}
type Look = (typeof looks)['light' | 'dark']
/** From below: what is allocated, held and resting, as much of the tile as it is of the block. */
function paintTile(to: CanvasRenderingContext2D, look: Look, { x, y, side }: Square, shares: Shares): void {
  to.fillStyle = shares.outside >= 1 ? look.outside : look.free
  to.fillRect(x, y, side, side)
  let bottom = y + side
  for (const of of ['allocated', 'held', 'resting'] as const) {
    if (shares[of] === 0) continue
    // However little it is, it can be seen.
    const height = Math.max(Math.min(2, side), shares[of] * side)
    bottom -= height
    to.fillStyle = look[of]
    to.fillRect(x, bottom, side, height)
    if (of !== 'allocated' && height >= 6)
      paintStripes(to, look.outside, { x, y: bottom, side }, height, of === 'held' ? 1 : -1)
  }
  if (shares.outside < 1) return
  to.strokeStyle = look.line
  to.setLineDash([2, 2])
  to.strokeRect(x + 0.5, y + 0.5, side - 1, side - 1)
  to.setLineDash([])
}
const stripePixels = 6
function paintStripes(
  to: CanvasRenderingContext2D,
  color: string,
  { x, y, side }: Square,
  height: number,
  lean: 1 | -1,
): void {
  to.save()
  to.beginPath()
  to.rect(x, y, side, height)
  to.clip()
  to.strokeStyle = color
  to.beginPath()
  for (let at = -height; at < side + height; at += stripePixels) {
    to.moveTo(x + at, y + (lean === 1 ? height : 0))
    to.lineTo(x + at + height, y + (lean === 1 ? 0 : height))
  }
  to.stroke()
  to.restore()
}

const legend = [
  ['free', 'free'],
  ['allocated', 'allocated (also to pools below)'],
  ['held', 'held, striped upwards'],
  ['resting', 'resting, striped downwards'],
  ['outside', 'not of this pool, dashed'],
] as const
const Legend = (): ReactNode => (
  <div className="counts">
    {legend.map(([of, words]) => (
      <span key={of} className="tree-name">
        <span className="swatch" style={{ background: `light-dark(${looks.light[of]}, ${looks.dark[of]})` }} />
        {words}
      </span>
    ))}
  </div>
)
