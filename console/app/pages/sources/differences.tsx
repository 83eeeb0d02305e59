// Where a source and the register differ: filtered, chosen, and done with in bulk.
import Button from '@cloudscape-design/components/button'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import { type ReactNode, useState } from 'react'
import { Link, useNavigate, useParams, useSearchParams } from 'react-router'
import { flagsOf, nodes, pathOf, searchParamsOf, taken } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { account, said } from '../../parts/columns.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { choices } from '../../parts/list-page.tsx'
import { useMay } from '../../parts/may.ts'
import { useNodeNames } from '../../parts/names.ts'
import { Page } from '../../parts/page.tsx'
import { Cidr, Moment, None, Said, State } from '../../parts/words.tsx'
import { type ActName, type Difference, differenceList, differenceNames, rightOf, source } from './reads.ts'
import { kindNames, kinds } from './words.ts'

export const loader = ({
  params: { sourceId },
  request,
}: {
  params: { sourceId?: string }
  request: Request
}): Promise<null> => load(source(sourceId!), differenceList(sourceId!, searchParamsOf(request)), nodes)

export const differenceColumns = (
  sourceId: string,
  nameOf: (id: string) => string | undefined,
): readonly Column<Difference>[] => [
  {
    id: 'difference',
    header: 'Difference',
    width: 150,
    cell: (row) => (
      <Link to={`/sources/${sourceId}/differences/${row.differenceId}`} title={row.differenceId}>
        {kindNames[row.difference]}
      </Link>
    ),
    text: (row) => kindNames[row.difference],
  },
  { id: 'cidr', header: 'CIDR', width: 130, cell: (row) => <Cidr>{row.cidr}</Cidr>, text: (row) => row.cidr },
  {
    ...account<Difference>('Account', nameOf, (row) => row.account ?? ''),
    cell: (row) =>
      row.account === undefined ? (
        <None />
      ) : (
        <Link to={`/account?id=${row.account}`}>
          <Said>{nameOf(row.account) ?? row.account}</Said>
        </Link>
      ),
  },
  {
    id: 'policy',
    header: 'Policy says',
    width: 120,
    cell: (row) => (row.policy === undefined ? <None /> : <State of={row.policy} />),
    text: (row) => row.policy ?? '',
  },
  said('id', 'What', 150, (row) => row.observed?.name ?? row.id ?? row.registered?.resourceId),
  said('type', 'Type', 110, (row) => row.wouldBe?.resourceType ?? row.registered?.resourceType ?? row.observed?.type),
  said('locale', 'Locale', 120, (row) => row.wouldBe?.locale ?? row.observed?.locale),
  {
    id: 'ignored',
    header: 'Ignored until',
    width: 140,
    cell: (row) => <Moment at={row.ignored?.until} />,
    text: (row) => row.ignored?.until ?? '',
  },
]

/** They stand in the address of the page that shows what would become of them. */
const chosenMax = 100
const actions: readonly { readonly act: ActName; readonly word: string }[] = [
  { act: 'adopt', word: 'Adopt' },
  { act: 'ignore', word: 'Ignore' },
  { act: 'release', word: 'Release' },
  { act: 'ask', word: 'Ask about' },
]

export function Component(): ReactNode {
  const sourceId = useParams().sourceId!
  const [params] = useSearchParams()
  const navigate = useNavigate()
  const may = useMay()
  const nameOf = useNodeNames()
  const { data: of } = useQuery(source(sourceId))
  const query = differenceList(sourceId, params)
  const { data } = useQuery(query)
  const [chosen, setChosen] = useState<readonly Difference[]>([])
  const filter = taken(params, ...differenceNames)
  const { cursor: _, ...named } = filter
  const all = new URLSearchParams(named)
  const isNothing = (data?.items.length ?? 0) === 0
  const whyNot = (act: ActName): string | undefined => {
    if (isNothing) return 'There is no difference here.'
    if (chosen.length > chosenMax) return `Choose ${chosenMax} at most, or let a filter choose.`
    return may(rightOf[act], of?.node)
  }
  const toChosen = (): string => new URLSearchParams(chosen.map(({ shown }) => ['shown', shown])).toString()
  const go = (act: ActName): void => {
    const query = chosen.length > 0 ? toChosen() : all.toString()
    void navigate(`/sources/${sourceId}/act/${act}?${query}`)
  }
  return (
    <Page
      title={`Differences of ${of?.name ?? 'a source'}`}
      description={
        <>
          Between <Link to={`/sources/${sourceId}`}>{of?.name ?? sourceId}</Link> and the register.
          {of?.takenAt === undefined ? null : (
            <>
              {' '}
              Listed <Moment at={of.takenAt} />.
            </>
          )}
        </>
      }
      commands={[
        `cadastre difference list ${sourceId}${flagsOf(filter)}`,
        `cadastre difference adopt ${sourceId}${flagsOf(named)} --dry-run`,
      ]}
      requests={[pathOf(`/sources/${sourceId}/differences`, filter)]}
    >
      <List<Difference>
        title="Differences"
        description={
          chosen.length > 0
            ? `${chosen.length} chosen: what is done is done with these.`
            : 'What is done is done with all that the filters find, once you have seen what would become of each.'
        }
        query={query}
        columns={differenceColumns(sourceId, nameOf).filter(({ id }) => id !== 'ignored' || filter.state !== 'open')}
        keyOf={(row) => row.differenceId}
        selection={{ chosen, choose: setChosen, labelOf: (row) => `${kindNames[row.difference]} ${row.cidr}` }}
        filters={[
          {
            name: 'difference',
            label: 'Difference',
            options: kinds.map((value) => ({ value, label: kindNames[value] })),
          },
          { name: 'policy', label: 'Policy says', options: choices('allowed', 'elsewhere', 'denied', 'outside') },
          { name: 'state', label: 'State', options: choices('open', 'ignored') },
          { name: 'kind', label: 'Kind', options: choices('network', 'subnet', 'range', 'address') },
          { name: 'account', label: 'Account' },
          { name: 'locale', label: 'Locale' },
          { name: 'within', label: 'Within CIDR' },
        ]}
        actions={
          <SpaceBetween size="xs" direction="horizontal">
            {actions.map(({ act, word }) => (
              <Button
                key={act}
                variant={act === 'adopt' ? 'primary' : 'normal'}
                disabled={whyNot(act) !== undefined}
                disabledReason={whyNot(act)}
                onClick={() => go(act)}
              >
                {chosen.length > 0 ? `${word} ${chosen.length}…` : `${word} all…`}
              </Button>
            ))}
          </SpaceBetween>
        }
        empty={
          of?.freshness === 'never' ? (
            <>
              It has told nothing yet. <Link to={`/sources/${sourceId}/import`}>Import a table</Link>.
            </>
          ) : (
            'Nothing differs: all that it tells of is registered.'
          )
        }
      />
    </Page>
  )
}
