// The one table: filters, page and sorting are in the address of the page, and what is shown can be had as CSV.
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Header from '@cloudscape-design/components/header'
import Input from '@cloudscape-design/components/input'
import Select from '@cloudscape-design/components/select'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Table from '@cloudscape-design/components/table'
import { keepPreviousData, useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { useSearchParams } from 'react-router'
import { lineOf } from '#cli/csv.ts'
import type { Read } from '../api/queries.ts'
import { News } from './news.tsx'
import { Wrong } from './page.tsx'

export interface Column<T> {
  readonly id: string
  readonly header: string
  readonly cell: (row: T) => ReactNode
  /** What the cell says, as text: for CSV. */
  readonly text: (row: T) => string
  readonly width?: number
}
export interface Filter {
  /** Of the parameter, in the address of the page and in the request. */
  readonly name: string
  readonly label: string
  readonly options?: readonly { readonly value: string; readonly label: string }[]
}
export interface ListOf<T> {
  readonly items: readonly T[]
  readonly nextCursor?: string | undefined
}
export interface ListProps<T> {
  readonly title: string
  readonly description?: ReactNode
  readonly query: Read<ListOf<T>>
  readonly columns: readonly Column<T>[]
  readonly keyOf: (row: T) => string
  /** Where it is not that of the answer. */
  readonly order?: (rows: readonly T[]) => readonly T[]
  readonly filters?: readonly Filter[]
  /**
   * Where rows are read by the hundred and shown page by page: what says in the address of the page where that one begins.
   * CSV has all that was read.
   */
  readonly offset?: string
  /** Its request goes on at the `cursor` of the address. Of two lists on a page that is one. */
  readonly hasCursor?: boolean
  readonly empty: ReactNode
  readonly actions?: ReactNode
  /** Of a list that grows: where what comes is told, and what its rows are called. */
  readonly news?: { readonly path: string; readonly noun: string }
  /** Rows that somebody chooses, to do something with them. They stay chosen from page to page. */
  readonly selection?: Selection<T>
  /** Of a table that stands beside something. */
  readonly isCompact?: boolean
}
export interface Selection<T> {
  readonly chosen: readonly T[]
  readonly choose: (rows: readonly T[]) => void
  readonly labelOf: (row: T) => string
}

/** Rows of those that a page shows: hundreds take a browser most of a second to draw, and push what follows out of sight. */
const rowsShown = 25
/** Where the page of rows begins that the address says; of what has become less, the last one. */
function firstShown(text: string | null, count: number): number {
  const asked = Math.trunc(Number(text ?? 0)) || 0
  return Math.max(0, Math.min(asked, Math.floor((count - 1) / rowsShown) * rowsShown))
}

export function List<T>({
  title,
  description,
  query,
  columns,
  keyOf,
  order = (all) => all,
  filters = [],
  offset,
  hasCursor = true,
  empty,
  actions,
  news,
  selection,
  isCompact = false,
}: ListProps<T>): ReactNode {
  const { data, error, isFetching, isPending, refetch } = useQuery({ ...query, placeholderData: keepPreviousData })
  const [params, setParams] = useSearchParams()
  const isFiltered = filters.some(({ name }) => params.has(name))
  // What was the second page of something else is the second page of nothing.
  const places = [...(hasCursor ? ['cursor'] : []), ...(offset === undefined ? [] : [offset])]
  const change = (name: string, value: string): void =>
    setParams((before) => {
      const after = new URLSearchParams(before)
      if (name !== offset) for (const place of places) after.delete(place)
      if (value === '') after.delete(name)
      else after.set(name, value)
      return after
    })
  if (error && !data) return <Wrong error={error} retry={() => void refetch()} />
  const read = order(data?.items ?? [])
  const from = offset === undefined ? 0 : firstShown(params.get(offset), read.length)
  const rows = offset === undefined ? read : read.slice(from, from + rowsShown)
  const isPart = hasCursor && (params.has('cursor') || data?.nextCursor !== undefined)
  const isLater = from > 0 || (hasCursor && params.has('cursor'))
  const next: readonly [name: string, value: string] | undefined =
    offset !== undefined && from + rowsShown < read.length
      ? [offset, String(from + rowsShown)]
      : hasCursor && data?.nextCursor !== undefined
        ? ['cursor', data.nextCursor]
        : undefined
  return (
    <Table
      variant="container"
      stickyHeader={false}
      wrapLines
      contentDensity={isCompact ? 'compact' : 'comfortable'}
      items={rows}
      trackBy={keyOf}
      {...(selection === undefined ? {} : chosenOf(selection, rows, keyOf))}
      loading={isPending}
      loadingText="Loading"
      columnDefinitions={columns.map(({ id, header, cell, width }, index) => ({
        id,
        header,
        cell,
        isRowHeader: index === 0,
        ...(width === undefined ? {} : { minWidth: width }),
      }))}
      header={
        <Header
          variant="h2"
          counter={data ? `(${read.length}${isPart ? '+' : ''})` : undefined}
          description={description}
          actions={
            <SpaceBetween size="xs" direction="horizontal">
              {news && data && !isLater ? (
                <News {...news} newest={rows[0] && keyOf(rows[0])} show={() => void refetch()} />
              ) : null}
              <Button
                iconName="refresh"
                ariaLabel={`Load ${title} again`}
                loading={isFetching && !isPending}
                onClick={() => void refetch()}
              />
              <Button
                iconName="download"
                disabled={rows.length === 0}
                onClick={() =>
                  download(
                    `${title}.csv`,
                    [columns.map(({ header }) => header), ...read.map((row) => columns.map(({ text }) => text(row)))]
                      .map(lineOf)
                      .join(''),
                  )
                }
              >
                CSV
              </Button>
              {actions}
            </SpaceBetween>
          }
        >
          {title}
        </Header>
      }
      filter={filters.length === 0 ? undefined : <Filters filters={filters} params={params} change={change} />}
      empty={
        <Box textAlign="center" padding="m">
          {isFiltered ? (
            <SpaceBetween size="s">
              <span>Nothing matches these filters.</span>
              <Button
                onClick={() =>
                  setParams(
                    new URLSearchParams(
                      [...params].filter(
                        ([name]) => !places.includes(name) && !filters.some((one) => one.name === name),
                      ),
                    ),
                  )
                }
              >
                Clear filters
              </Button>
            </SpaceBetween>
          ) : (
            empty
          )}
        </Box>
      }
      footer={
        next === undefined && !isLater ? undefined : (
          <Box textAlign="center">
            <SpaceBetween size="xs" direction="horizontal" alignItems="center">
              <Button disabled={!isLater} disabledReason="This is the first page." onClick={() => change('', '')}>
                First page
              </Button>
              <Button
                disabled={next === undefined}
                disabledReason="This is the last page."
                onClick={() => change(...next!)}
              >
                Next page
              </Button>
            </SpaceBetween>
          </Box>
        )
      }
    />
  )
}

function chosenOf<T>({ chosen, choose, labelOf }: Selection<T>, rows: readonly T[], keyOf: (row: T) => string) {
  const here = new Set(rows.map(keyOf))
  return {
    selectionType: 'multi' as const,
    selectedItems: chosen.filter((row) => here.has(keyOf(row))),
    onSelectionChange: ({ detail }: { detail: { selectedItems: T[] } }) =>
      choose([...chosen.filter((row) => !here.has(keyOf(row))), ...detail.selectedItems]),
    ariaLabels: {
      selectionGroupLabel: 'Rows to choose',
      allItemsSelectionLabel: () => 'Choose all rows of this page',
      itemSelectionLabel: (_: unknown, row: T) => `Choose ${labelOf(row)}`,
    },
  }
}

function Filters({
  filters,
  params,
  change,
}: {
  filters: readonly Filter[]
  params: URLSearchParams
  change: (name: string, value: string) => void
}): ReactNode {
  return (
    <SpaceBetween size="xs" direction="horizontal">
      {filters.map(({ name, label, options }) => {
        const value = params.get(name) ?? ''
        if (!options)
          return (
            <TextFilter key={`${name} ${value}`} label={label} value={value} change={(text) => change(name, text)} />
          )
        const all = { value: '', label: `${label}: any` }
        const chosen = options.find((one) => one.value === value)
        return (
          <Select
            key={name}
            ariaLabel={label}
            selectedOption={chosen ? { ...chosen, label: `${label}: ${chosen.label}` } : all}
            options={[all, ...options]}
            onChange={({ detail }) => change(name, detail.selectedOption.value ?? '')}
          />
        )
      })}
    </SpaceBetween>
  )
}

function TextFilter({
  label,
  value,
  change,
}: {
  label: string
  value: string
  change: (value: string) => void
}): ReactNode {
  const [text, setText] = useState(value)
  return (
    <Input
      type="search"
      ariaLabel={label}
      placeholder={label}
      clearAriaLabel={`Clear ${label}`}
      value={text}
      onChange={({ detail }) => {
        setText(detail.value)
        if (detail.value === '' && value !== '') change('')
      }}
      onKeyDown={({ detail }) => {
        if (detail.key === 'Enter') change(text.trim())
      }}
      onBlur={() => {
        if (text.trim() !== value) change(text.trim())
      }}
    />
  )
}

export const download = (name: string, text: string): void => save(name, new Blob([text], { type: 'text/csv' }))
/** Hands the person a file. */
export function save(name: string, file: Blob): void {
  const url = URL.createObjectURL(file)
  const link = document.createElement('a')
  link.href = url
  link.download = name
  link.click()
  URL.revokeObjectURL(url)
}
