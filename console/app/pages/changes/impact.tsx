// What a change request would do: to requests like those of the last days, and to space in use.
import Alert from '@cloudscape-design/components/alert'
import Box from '@cloudscape-design/components/box'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import { Bars, type Series } from '../../parts/bars.tsx'
import { account, word } from '../../parts/columns.tsx'
import { type Column, List } from '../../parts/list.tsx'
import { useNodeNames } from '../../parts/names.ts'
import { Account, Cidr, Moment, None, State } from '../../parts/words.tsx'

type Found = Schemas['ChangeImpact']
interface Group {
  readonly account: string
  readonly resourceType: string
  readonly newlyDenied: number
  readonly newlyAllowed: number
  readonly elsewhere: number
  readonly noncompliant: number
  readonly compliant: number
}
/** Of both at once: what becomes of an account's requests and of its space. */
function groupsOf({ groups, requests }: Found): readonly Group[] {
  const found = new Map<string, Group>()
  const none = { newlyDenied: 0, newlyAllowed: 0, elsewhere: 0, noncompliant: 0, compliant: 0 }
  for (const one of [...(requests?.groups ?? []), ...groups]) {
    const key = `${one.account} ${one.resourceType}`
    found.set(key, { ...none, ...found.get(key), ...one })
  }
  return [...found.values()]
}

const series: readonly Series<Group>[] = [
  { title: 'Newly denied', color: '#c53030', of: (row) => row.newlyDenied },
  { title: 'No longer compliant', color: '#b7791f', of: (row) => row.noncompliant },
  { title: 'Served elsewhere', color: '#2b6cb0', of: (row) => row.elsewhere },
  { title: 'Newly allowed', color: '#2f855a', of: (row) => row.newlyAllowed },
  { title: 'Compliant again', color: '#38b2ac', of: (row) => row.compliant },
]
const barsMax = 12
/** Of a name beside a bar: the table below has it whole. */
const labelLengthMax = 14

const classes: Readonly<Record<Found['class'], string>> = {
  contained: 'Contained: nothing complies less by it, and no request of the last days would be denied.',
  noncompliant: 'Something would not comply any more or would be denied, or not all could be looked at.',
  central: 'Central: it reaches all of the organization, or something outside of where it is decided on.',
}

export function Impact({ request }: { request: Schemas['ChangeRequest'] }): ReactNode {
  const nameOf = useNodeNames()
  const { impact, changeRequestId } = request
  if (impact === undefined)
    return <Alert type="info">It is a draft: what it would do is found when it is submitted.</Alert>
  const groups = groupsOf(impact)
  const { requests } = impact
  const drawn = series.filter((one) => groups.some((group) => one.of(group) > 0))
  const bars = groups.slice(0, barsMax)
  const link = (group: Group, of: number, to: string): ReactNode =>
    of === 0 ? 0 : <Link to={`${to}?account=${group.account}&resourceType=${group.resourceType}`}>{of}</Link>
  const count = (id: string, header: string, of: (group: Group) => number, to: string): Column<Group> => ({
    id,
    header,
    width: 100,
    cell: (group) => link(group, of(group), to),
    text: (group) => String(of(group)),
  })
  const columns: readonly Column<Group>[] = [
    account('Account', nameOf, (row) => row.account),
    word('type', 'Type', 80, (row) => row.resourceType),
    count('newlyDenied', 'Newly denied', (row) => row.newlyDenied, '/decisions'),
    count('newlyAllowed', 'Newly allowed', (row) => row.newlyAllowed, '/decisions'),
    count('elsewhere', 'Served elsewhere', (row) => row.elsewhere, '/decisions'),
    count('noncompliant', 'No longer compliant', (row) => row.noncompliant, '/allocations'),
    count('compliant', 'Compliant again', (row) => row.compliant, '/allocations'),
  ]
  return (
    <SpaceBetween size="l">
      <Container
        header={
          <Header
            variant="h2"
            description={
              <>
                {classes[impact.class]} Found <Moment at={impact.foundAt} />.
              </>
            }
          >
            What it would do
          </Header>
        }
      >
        <SpaceBetween size="m">
          <div className="counts">
            {requests === undefined ? (
              <span>It reaches no rules: no request would be decided otherwise.</span>
            ) : (
              <span>
                Of {requests.asked} requests of the last {requests.days} days{requests.isWhole ? '' : ' (not all)'}:{' '}
                <b>{requests.newlyDenied} newly denied</b>, {requests.newlyAllowed} newly allowed, {requests.elsewhere}{' '}
                served elsewhere.
              </span>
            )}
            <span>
              Of {impact.evaluated} {impact.evaluated === 1 ? 'allocation' : 'allocations'}
              {impact.isWhole ? '' : ' that were looked at'}: <b>{impact.noncompliant} no longer compliant</b>,{' '}
              {impact.compliant} compliant again.
            </span>
          </div>
          {drawn.length === 0 ? (
            <Box color="text-body-secondary">Nothing in use and no request changes.</Box>
          ) : (
            <Bars
              isHorizontal
              rows={bars}
              label={(row) => `${(nameOf(row.account) ?? row.account).slice(0, labelLengthMax)} ${row.resourceType}`}
              series={drawn}
              height={60 + bars.length * 34}
              ariaLabel="What it would do, by account and type"
              what="requests and allocations"
              by="accounts"
              legend="What becomes of them"
              empty="Nothing changes."
            />
          )}
          {impact.left === undefined && impact.revertRefused === undefined ? null : (
            <Alert type="warning" header="It could not be undone whole">
              {impact.left === undefined ? null : <p>Left as it makes them: {impact.left.join(', ')}.</p>}
              {impact.revertRefused === undefined ? null : (
                <p>
                  To revert it would be refused: {impact.revertRefused.code}
                  {impact.revertRefused.operation === undefined ? '' : ` of ${impact.revertRefused.operation}`}.
                </p>
              )}
            </Alert>
          )}
        </SpaceBetween>
      </Container>
      {groups.length === 0 ? null : (
        <List
          title="By account and type"
          query={{ queryKey: ['impact', changeRequestId, impact], queryFn: async () => ({ items: groups }) }}
          columns={columns}
          keyOf={(row) => `${row.account} ${row.resourceType}`}
          empty="Nothing in use and no request changes."
        />
      )}
      <Samples impact={impact} changeRequestId={changeRequestId} />
    </SpaceBetween>
  )
}

interface Sample {
  readonly id: string
  readonly cidr?: string
  readonly account?: string
  readonly becomes: 'denied' | 'compliant' | 'noncompliant'
  readonly setting?: string | undefined
}

function Samples({ impact, changeRequestId }: { impact: Found; changeRequestId: string }): ReactNode {
  const nameOf = useNodeNames()
  const isDenied = (impact.requests?.newlyDenied ?? 0) > 0
  const rows: readonly Sample[] = [
    ...(impact.requests?.samples ?? []).map((id): Sample => ({ id, becomes: 'denied' })),
    ...impact.samples,
  ]
  if (rows.length === 0) return null
  const words = {
    denied: isDenied ? 'decided otherwise: those that would be denied are first' : 'decided otherwise',
    compliant: 'compliant',
    noncompliant: 'not compliant',
  }
  return (
    <List
      title="Samples"
      description="Requests and space that it is about, each with its page."
      query={{ queryKey: ['samples', changeRequestId, impact], queryFn: async () => ({ items: rows }) }}
      columns={[
        {
          id: 'what',
          header: 'What',
          width: 200,
          cell: ({ id, cidr }) =>
            cidr === undefined ? <Link to={`/decisions/${id}`}>The request of {id}</Link> : <Cidr>{cidr}</Cidr>,
          text: ({ id, cidr }) => cidr ?? id,
        },
        {
          id: 'account',
          header: 'Account',
          width: 150,
          cell: (row) =>
            row.account === undefined ? <None /> : <Account id={row.account} name={nameOf(row.account)} />,
          text: (row) => row.account ?? '',
        },
        {
          id: 'becomes',
          header: 'Becomes',
          width: 140,
          cell: ({ becomes }) =>
            becomes === 'denied' ? words.denied : <State of={becomes === 'compliant' ? 'complies' : 'noncompliant'} />,
          text: ({ becomes }) => words[becomes],
        },
        {
          id: 'setting',
          header: 'By the setting',
          width: 120,
          cell: ({ setting }) => setting ?? <None />,
          text: ({ setting }) => setting ?? '',
        },
      ]}
      keyOf={({ id }) => id}
      empty="There are none."
    />
  )
}
