// A pool or a scope as a map: one canvas of tiles, and the same as a table for the keyboard and for screen readers. The window, the moment,
// what tiles are coloured by and the free tile that is chosen are in the address of the page.
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Grid from '@cloudscape-design/components/grid'
import Header from '@cloudscape-design/components/header'
import Select from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Toggle from '@cloudscape-design/components/toggle'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useNavigate, useSearchParams } from 'react-router'
import { bitsOf, type Cidr, formatCidr, parseCidr, supernet } from '../../../src/model/cidr.ts'
import { api } from '../api/client.ts'
import { ask } from '../api/queries.ts'
import { type Column, List } from '../parts/list.tsx'
import { useNodeNames } from '../parts/names.ts'
import { Wrong } from '../parts/page.tsx'
import { Cidr as CidrLink, Count, Said } from '../parts/words.tsx'
import { Canvas } from './canvas.tsx'
import { Legend } from './legend.tsx'
import { type Colouring, colourings, fullPaint, namesMax, type Paint, paintOfName, several } from './looks.ts'
import { rowsOf, type Shares, type Tile, type TileRow } from './tiles.ts'

/** Of one step of zoom: 256 tiles are told apart by eye. */
const stepBits = 8
/** Side by side where there is room. */
const halves = [{ colspan: { default: 12, m: 5 } }, { colspan: { default: 12, m: 7 } }]

export type Mapped =
  | { readonly poolId: string }
  | { readonly scopeId: string; readonly family: 'ipv4' | 'ipv6' | undefined }
interface AskedMap {
  readonly cidr?: string
  readonly netmaskLength?: number
  readonly fold?: 'true'
  readonly at?: string
}
/** What of the address of a page is of its map. */
export function askedIn(params: URLSearchParams): AskedMap {
  const [window, at] = [params.get('window'), params.get('at')]
  const cidr = window === null ? undefined : parseCidr(window)
  return {
    ...(cidr && { cidr: formatCidr(cidr), netmaskLength: tileLengthOf(cidr) }),
    // IPv6 is empty almost everywhere.
    ...(isFolding(params, cidr?.family) ? { fold: 'true' as const } : {}),
    ...(at === null ? {} : { at }),
  }
}
const isFolding = (params: URLSearchParams, family: 4 | 6 | undefined): boolean =>
  params.has('fold') ? params.get('fold') === 'yes' : family === 6 || params.get('family') === 'ipv6'
export const mapOf = (of: Mapped, asked: AskedMap) => {
  // Of a folded window the tiles follow from what it is folded to.
  const { netmaskLength, ...folded } = asked
  const query = asked.fold ? folded : asked
  if ('poolId' in of) {
    const { poolId } = of
    return ask(['map', poolId, query], (signal) =>
      api.GET('/pools/{poolId}/map', { params: { path: { poolId }, query: { ...query, holders: 'true' } }, signal }),
    )
  }
  const { scopeId, family } = of
  return ask(['map', scopeId, family, query], (signal) =>
    api.GET('/scopes/{scopeId}/map', {
      params: { path: { scopeId }, query: { ...query, ...(family && { family }) } },
      signal,
    }),
  )
}
/** An even number of bits makes a square, where there is room for it. */
function tileLengthOf({ family, length }: Cidr): number {
  const left = bitsOf(family) - length
  return length + (left >= stepBits ? stepBits : left)
}

export interface MapProps {
  readonly of: Mapped
  readonly name: string
  /** The pool that gives what is free there. */
  readonly poolAt: (cidr: Cidr) => string | undefined
}
export function AddressMap({ of, name, poolAt }: MapProps): ReactNode {
  const [params, setParams] = useSearchParams()
  const navigate = useNavigate()
  const nodeName = useNodeNames()
  const isPool = 'poolId' in of
  const asked = askedIn(params)
  const { data, dataUpdatedAt, error } = useQuery({ ...mapOf(of, asked), placeholderData: keepPreviousData })
  const change = (...changes: readonly (readonly [name: string, value: string | undefined])[]): void =>
    setParams((before) => {
      const after = new URLSearchParams(before)
      after.delete('cursor')
      // Another window has other rows; what is chosen in this one leaves them where they are.
      if (changes.some(([key]) => key === 'window')) after.delete('tiles')
      for (const [key, value] of changes) {
        if (value === undefined) after.delete(key)
        else after.set(key, value)
      }
      return after
    })
  const zoom = (to: string | undefined): void => change(['window', to], ['tile', undefined])
  const window = data?.cidr === undefined ? undefined : parseCidr(data.cidr)
  const length = data?.netmaskLength
  if (error && !data) return <Wrong error={error} />
  if (data && (!window || length === undefined))
    return <Alert type="info">{isPool ? 'The pool has no space yet.' : 'No pool of it has any space yet.'}</Alert>
  if (!data || !window || length === undefined) return null

  const isPast = params.has('at')
  const canColour = (by: Colouring): boolean => by === 'state' || by === 'utilization' || (isPool && !isPast)
  const wanted = colourings.find((by) => by === params.get('by')) ?? 'state'
  const by = canColour(wanted) ? wanted : 'state'
  const told = (tile: Tile): string | undefined =>
    by === 'locale' ? tile.locale : tile.account === undefined ? undefined : (nodeName(tile.account) ?? tile.account)
  const names = [...new Set(data.tiles.flatMap((tile) => told(tile) ?? []))].sort().slice(0, namesMax)
  const paintOf = (tile: Tile, { allocated, outside }: Shares): Paint => {
    if (by === 'utilization') return fullPaint(outside >= 1 ? 0 : allocated / (1 - outside))
    const index = names.indexOf(told(tile) ?? '')
    return index < 0 ? several : paintOfName(index)
  }
  const nameOf = (tile: Tile): string | undefined => {
    const below = tile.poolId === undefined ? undefined : `pool ${tile.poolId}`
    const parts = [below, told(tile), (tile.findings ?? 0) > 0 ? `${tile.findings} outside policy` : undefined]
    const words = parts.filter((part) => part !== undefined).join(', ')
    return words === '' ? undefined : words
  }
  const closer = (cidr: Cidr): void => {
    if (cidr.length < bitsOf(cidr.family)) zoom(formatCidr(cidr))
    else void navigate(`/address?cidr=${encodeURIComponent(formatCidr(cidr))}`)
  }
  const outer = window.length > 0 ? supernet(window, Math.max(0, window.length - stepBits)) : undefined
  const chosen = params.get('tile') ?? undefined
  const chosenCidr = chosen === undefined ? undefined : parseCidr(chosen)
  const isMore = data.tiles.some((tile) => tile.isMore)
  return (
    <Grid gridDefinition={halves}>
      <Container
        header={
          <Header
            variant="h2"
            description={`Each tile is a /${length}.`}
            actions={
              <SpaceBetween size="xs" direction="horizontal">
                <Button
                  disabled={!outer}
                  disabledReason="This is all there is."
                  onClick={() => change(['window', formatCidr(outer!)], ['tile', undefined], ['fold', undefined])}
                >
                  Zoom out
                </Button>
                <Button
                  disabled={!params.has('window')}
                  disabledReason="It is shown from its beginning."
                  onClick={() => zoom(undefined)}
                >
                  {isPool ? 'Whole pool' : 'Whole scope'}
                </Button>
              </SpaceBetween>
            }
          >
            Map of {formatCidr(window)}
          </Header>
        }
      >
        <SpaceBetween size="s">
          <SpaceBetween size="m" direction="horizontal" alignItems="center">
            <Select
              ariaLabel="Colour by"
              selectedOption={{ value: by, label: `Colour by ${by}` }}
              options={colourings.map((one) => ({
                value: one,
                label: `Colour by ${one}`,
                ...(canColour(one)
                  ? {}
                  : {
                      disabled: true,
                      disabledReason: isPast ? 'Known of the present alone.' : 'Open one pool to see this.',
                    }),
              }))}
              onChange={({ detail }) => change(['by', detail.selectedOption.value])}
            />
            <Toggle
              checked={asked.fold === 'true'}
              onChange={({ detail }) => change(['fold', detail.checked ? 'yes' : 'no'])}
            >
              Fold empty space
            </Toggle>
          </SpaceBetween>
          {isMore ? (
            <Alert type="info">
              Not all of it was counted{isPast ? ': too much has changed since. Look closer, or at a later moment' : ''}
              .
            </Alert>
          ) : null}
          <Canvas
            tiles={data.tiles}
            cidrs={data.cidrs}
            window={window}
            length={length}
            name={name}
            chosen={chosen}
            paintOf={by === 'state' ? undefined : paintOf}
            nameOf={nameOf}
            open={(cidr, isFree) => (isFree ? change(['tile', formatCidr(cidr)]) : closer(cidr))}
          />
          {chosenCidr ? (
            <SpaceBetween size="xs">
              <Box>
                <b>{chosen}</b> is free{isPast ? ' at this moment' : ''}.
              </Box>
              <SpaceBetween size="xs" direction="horizontal">
                <Take cidr={chosenCidr} poolAt={poolAt} />
                {chosenCidr.length < bitsOf(chosenCidr.family) ? (
                  <Button onClick={() => closer(chosenCidr)}>Look closer</Button>
                ) : null}
              </SpaceBetween>
            </SpaceBetween>
          ) : null}
          <Legend by={by} names={names} hasFindings={isPool && !isPast} />
        </SpaceBetween>
      </Container>
      <List
        title="Tiles, and what is free between them"
        query={{
          queryKey: ['tiles', of, asked, data.cidr, length, dataUpdatedAt],
          queryFn: async () => ({ items: rowsOf(data, { window, length }) }),
        }}
        offset="tiles"
        hasCursor={false}
        isCompact
        columns={columnsOf({ closer, poolAt, told: isPool && !isPast ? nameOf : undefined })}
        keyOf={(row) => row.cidr}
        empty={`There is no space in ${formatCidr(window)}.`}
      />
    </Grid>
  )
}

/** Free space is a button. */
function Take({ cidr, poolAt }: { cidr: Cidr; poolAt: MapProps['poolAt'] }): ReactNode {
  const navigate = useNavigate()
  const poolId = poolAt(cidr)
  const text = formatCidr(cidr)
  const query = (name: string) => new URLSearchParams({ [name]: poolId ?? '', cidr: text })
  const why = 'No pool that you may see gives all of it.'
  return (
    <>
      <Button
        variant="primary"
        disabled={poolId === undefined}
        disabledReason={why}
        onClick={() => void navigate(`/allocations/new?${query('poolId')}`)}
      >
        Allocate here
      </Button>
      <Button
        disabled={poolId === undefined}
        disabledReason={why}
        onClick={() => void navigate(`/pools/new?${query('parentPoolId')}`)}
      >
        Make a pool here
      </Button>
    </>
  )
}

/** What the API tells of whose a tile is where it is of one alone that somebody may see. */
const ofTile = (tile: Tile, told: (tile: Tile) => string | undefined): string | undefined =>
  told(tile) ?? (tile.allocated === undefined ? undefined : 'several, or hidden')

function columnsOf({
  closer,
  poolAt,
  told,
}: {
  closer: (cidr: Cidr) => void
  poolAt: MapProps['poolAt']
  told: ((tile: Tile) => string | undefined) | undefined
}): readonly Column<TileRow>[] {
  const counted = (name: 'allocated' | 'held' | 'resting', header: string): Column<TileRow> => ({
    id: name,
    header,
    width: 70,
    cell: ({ tile }) => <Count of={tile?.[name] ?? '0'} />,
    text: ({ tile }) => tile?.[name] ?? '0',
  })
  return [
    {
      id: 'cidr',
      header: 'Block',
      width: 130,
      cell: (row) => <CidrLink>{row.cidr}</CidrLink>,
      text: (row) => row.cidr,
    },
    {
      id: 'do',
      header: 'Do',
      width: 120,
      cell: ({ cidr: text, tile }) => {
        const cidr = parseCidr(text)!
        const poolId = tile ? undefined : poolAt(cidr)
        if (poolId !== undefined)
          return (
            <>
              <Link
                to={`/allocations/new?${new URLSearchParams({ poolId, cidr: text })}`}
                aria-label={`Allocate ${text}`}
              >
                Allocate
              </Link>
              {', '}
              <Link
                to={`/pools/new?${new URLSearchParams({ parentPoolId: poolId, cidr: text })}`}
                aria-label={`Make a pool of ${text}`}
              >
                make a pool
              </Link>
            </>
          )
        return (
          <Button variant="inline-link" ariaLabel={`Open ${text}`} onClick={() => closer(cidr)}>
            Open
          </Button>
        )
      },
      text: ({ tile }) => (tile ? 'used' : 'free'),
    },
    {
      id: 'free',
      header: 'Free',
      width: 70,
      cell: ({ tile }) => (tile ? <Count of={tile.free ?? '0'} /> : 'all'),
      text: ({ tile }) => (tile ? (tile.free ?? '0') : 'all'),
    },
    counted('allocated', 'Allocated'),
    ...(told
      ? [
          {
            id: 'of',
            header: 'Of',
            width: 130,
            cell: ({ tile }: TileRow) => (tile ? <Said>{ofTile(tile, told)}</Said> : ''),
            text: ({ tile }: TileRow) => (tile ? (ofTile(tile, told) ?? '') : ''),
          },
        ]
      : []),
    counted('held', 'Held'),
    counted('resting', 'Resting'),
  ]
}
