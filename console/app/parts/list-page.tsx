// The scaffold of a page that is one list: a page is its request, its columns and its filters.
import type { ReactNode } from 'react'
import { useSearchParams } from 'react-router'
import { flagsOf, pathOf, taken } from '../api/lists.ts'
import type { Read } from '../api/queries.ts'
import { List, type ListOf, type ListProps } from './list.tsx'
import { Page } from './page.tsx'

interface ListPageProps<T> extends Omit<ListProps<T>, 'title' | 'description' | 'query'> {
  readonly title: string
  readonly description: string
  /** What the table is called where that is something else. */
  readonly tableTitle?: string
  /** The words of the same on the command line, which takes the filters as flags. */
  readonly command: string
  readonly moreCommands?: readonly string[]
  /** Of the request, below /api/v1. */
  readonly path: string
  /** What of the address is a parameter of the request. */
  readonly names: readonly string[]
  readonly list: (params: URLSearchParams) => Read<ListOf<T>>
  /** What comes is told while somebody looks at it; the rows' keys are the ids by which the stream goes on. */
  readonly grows?: boolean
  /** What goes before the list. */
  readonly above?: ReactNode
  /** And what after it. */
  readonly below?: ReactNode
}

export function ListPage<T>({
  title,
  description,
  tableTitle = title,
  command,
  moreCommands = [],
  path,
  names,
  list,
  grows,
  above,
  below,
  ...table
}: ListPageProps<T>): ReactNode {
  const [params] = useSearchParams()
  const query = taken(params, ...names)
  return (
    <Page
      title={title}
      description={description}
      commands={[`${command}${flagsOf(query)}`, ...moreCommands]}
      requests={[pathOf(path, query)]}
    >
      {params.has('cursor') ? null : above}
      <List
        title={tableTitle}
        query={list(params)}
        {...(grows && !('until' in query)
          ? { news: { path: pathOf(path, { ...query, latest: true }), noun: tableTitle.toLowerCase() } }
          : {})}
        {...table}
      />
      {below}
    </Page>
  )
}

/** Choices of a filter that are called what they are, without hyphens. */
export const choices = (...values: readonly string[]) =>
  values.map((value) => ({ value, label: value.replace('-', ' ') }))
