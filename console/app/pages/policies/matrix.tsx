// What is in force where: a row for each node of the organization, a column for each type and locale that policies speak of.
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useSearchParams } from 'react-router'
import { api, type Schemas } from '../../api/client.ts'
import { flagsOf, nodes, pathOf, policyList, searchParamsOf, taken } from '../../api/lists.ts'
import { ask, load, queries } from '../../api/queries.ts'
import { type Column, List } from '../../parts/list.tsx'
import { choices } from '../../parts/list-page.tsx'
import { named, useNodeNames } from '../../parts/names.ts'
import { Page } from '../../parts/page.tsx'
import { Account, Mode, None, Said } from '../../parts/words.tsx'
import { documentPath } from './document-words.ts'

type Row = Schemas['PolicyMatrixRow']
type TreeRow = Row & { readonly depth: number }
type Assigned = Schemas['EffectiveAssignment']

const rowsShown = 200
const names = ['parentId', 'kind', 'locale', 'resourceType'] as const
const matrix = (params: URLSearchParams) => {
  const query = { limit: rowsShown, ...taken(params, ...names) }
  const read = ask(['policy-matrix', query], (signal) => api.GET('/policy-matrix', { params: { query }, signal }))
  return {
    ...read,
    /** In the order of the tree, with names beside: nobody looks for a node by its id. */
    async queryFn(context: Parameters<typeof read.queryFn>[0]) {
      const [page, tree] = await Promise.all([
        read.queryFn(context),
        queries.ensureQueryData(nodes).catch(() => undefined),
      ])
      const known = new Map((tree?.items ?? []).map(({ nodeId, name }) => [nodeId, name]))
      return { ...page, items: asTree(page.items, (id) => known.get(id)) }
    },
  }
}
const allPolicies = policyList(new URLSearchParams())
export const loader = ({ request }: { request: Request }): Promise<null> =>
  load(matrix(searchParamsOf(request)), nodes, allPolicies)

/** Nodes under what they hang under, as far as that is on the page. */
function asTree(rows: readonly Row[], nameOf: (id: string) => string | undefined): readonly TreeRow[] {
  const there = new Set(rows.map(({ node }) => node))
  const byName = (one: Row, other: Row): number =>
    (nameOf(one.node) ?? one.node).localeCompare(nameOf(other.node) ?? other.node)
  const under = Map.groupBy(rows, ({ parentId }) => (parentId !== undefined && there.has(parentId) ? parentId : ''))
  const below = (id: string, depth: number): TreeRow[] =>
    (under.get(id) ?? []).toSorted(byName).flatMap((row) => [{ ...row, depth }, ...below(row.node, depth + 1)])
  return below('', 0)
}

/** What an assignment has to do with the cell; of one that does not act, what it would if it did. */
function partText({ part, mode }: Assigned): string {
  if (part === 'hidden') return 'hidden by a nearer one'
  if (part === 'not-counted') return 'does not count'
  if (part === 'narrows') return mode === 'enforce' ? 'narrows it' : 'would narrow it'
  return mode === 'enforce' ? '' : 'would give the pools'
}
const pairName = ({ locale, resourceType }: { locale: string; resourceType: string }): string =>
  `${resourceType} in ${locale}`

export function Component(): ReactNode {
  const [params] = useSearchParams()
  const nameOf = useNodeNames()
  const query = taken(params, ...names)
  const { data } = useQuery(matrix(params))
  const { data: policies } = useQuery(allPolicies)
  const policyName = (id: string): string | undefined => policies?.items.find(({ policyId }) => policyId === id)?.name
  const pairs = [
    ...new Map((data?.items ?? []).flatMap(({ cells }) => cells.map((cell) => [pairName(cell), cell] as const))),
  ].sort(([one], [other]) => (one < other ? -1 : 1))
  const assignedText = (one: Assigned): string =>
    `${named(one.policyId, policyName(one.policyId))} ${one.mode} on ${named(one.targetId, nameOf(one.targetId))}${partText(one) === '' ? '' : ` (${partText(one)})`}`
  const columns: readonly Column<TreeRow>[] = [
    {
      id: 'node',
      header: 'Organization',
      width: 200,
      cell: (row) => (
        <div style={{ paddingInlineStart: row.depth * 16 }}>
          {row.kind === 'account' ? (
            <Account id={row.node} name={nameOf(row.node)} />
          ) : (
            <Link to={`?parentId=${row.node}`} title={`Only what hangs directly under ${row.node}`}>
              <Said>{nameOf(row.node) ?? row.node}</Said>
            </Link>
          )}
          {row.isWhole ? null : ' (not all is shown)'}
        </div>
      ),
      text: (row) => named(row.node, nameOf(row.node)),
    },
    ...pairs.map(([name, { locale, resourceType }]): Column<TreeRow> => {
      const cellOf = (row: Row) =>
        row.cells.find((one) => one.locale === locale && one.resourceType === resourceType)?.assignments ?? []
      return {
        id: name,
        header: name,
        width: 200,
        cell: (row) =>
          cellOf(row).length === 0 ? (
            <None />
          ) : (
            cellOf(row).map((one) => (
              <div key={`${one.policyId} ${one.targetId}`}>
                <Link to={documentPath(one.policyId, { locale, resourceType })}>
                  <Said>{policyName(one.policyId) ?? one.policyId}</Said>
                </Link>{' '}
                <Mode of={one.mode} />{' '}
                <small>
                  {one.targetId === row.node ? 'enabled here' : `from ${nameOf(one.targetId) ?? one.targetId}`}
                  {partText(one) === '' ? '' : `, ${partText(one)}`}
                </small>
              </div>
            ))
          ),
        text: (row) => cellOf(row).map(assignedText).join('; '),
      }
    }),
  ]
  return (
    <Page
      title="What is in force where"
      description="Which policy speaks at each node, where it is enabled, and in which mode. A cell leads to its document."
      commands={[`cadastre policy matrix${flagsOf(query)}`]}
      requests={[pathOf('/policy-matrix', query)]}
    >
      <List
        title="Policies by organization, type and locale"
        query={matrix(params)}
        columns={columns}
        keyOf={(row) => row.node}
        filters={[
          { name: 'resourceType', label: 'Resource type' },
          { name: 'locale', label: 'Locale' },
          { name: 'kind', label: 'Kind', options: choices('root', 'organizational-unit', 'account') },
          { name: 'parentId', label: 'Directly under' },
        ]}
        empty={
          <>
            There is no organization yet, so policies are only enabled on accounts.{' '}
            <Link to="/policies">All policies</Link>
          </>
        }
      />
    </Page>
  )
}
