// One difference: what the source says, what the register has, and what policy says of it.
import Button from '@cloudscape-design/components/button'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useNavigate, useParams } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import { nodes, pools } from '../../api/lists.ts'
import { load } from '../../api/queries.ts'
import { Facts } from '../../parts/facts.tsx'
import { Linked } from '../../parts/linked.tsx'
import { useMay } from '../../parts/may.ts'
import { named, useNodeNames } from '../../parts/names.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Cidr, Moment, Said, State } from '../../parts/words.tsx'
import { type ActName, difference, rightOf, source } from './reads.ts'
import { kindNames, kindWords } from './words.ts'

interface Params {
  readonly sourceId?: string
  readonly differenceId?: string
}
export const loader = ({ params: { sourceId, differenceId } }: { params: Params }): Promise<null> =>
  load(source(sourceId!), difference(sourceId!, differenceId!), nodes, pools)

const said = (text: string | undefined): ReactNode => (text === undefined ? undefined : <Said>{text}</Said>)
const observed = (one: Schemas['Observation']): readonly (readonly [string, ReactNode])[] => [
  ['Kind', one.kind],
  ['CIDR', <Cidr key="c">{one.cidr}</Cidr>],
  ['Range', said(one.range)],
  ['Id', said(one.id)],
  ['Name', said(one.name)],
  ['Account', said(one.account)],
  ['Locale', said(one.locale)],
  ['Type', said(one.type)],
  ['Space', said(one.space)],
  ['Lies in', said(one.parent)],
  ['State', said(one.sourceState ?? one.state)],
  ['First seen', <Moment key="f" at={one.firstSeenAt} />],
  [
    'Tags',
    said(
      Object.entries(one.tags)
        .map(([key, value]) => `${key}=${value}`)
        .join(', ') || undefined,
    ),
  ],
]

export function Component(): ReactNode {
  const { sourceId, differenceId } = useParams() as Required<Params>
  const navigate = useNavigate()
  const nameOf = useNodeNames()
  const { data: of } = useQuery(source(sourceId))
  const { data, error } = useQuery(difference(sourceId, differenceId))
  const isUnregistered = data?.difference === 'unregistered' || data?.difference === 'unregistered-public'
  const isReleased = data?.difference === 'gone' || data?.difference === 'unseen'
  const may = useMay()
  const act = (name: ActName, word: string, state?: string): ReactNode => {
    const reason = data === undefined ? 'It is not loaded.' : (state ?? may(rightOf[name], of?.node))
    return (
      <Button
        disabled={reason !== undefined}
        disabledReason={reason}
        onClick={() => void navigate(`/sources/${sourceId}/act/${name}?${new URLSearchParams({ shown: data!.shown })}`)}
      >
        {word}
      </Button>
    )
  }
  const wouldBe = data?.wouldBe
  return (
    <Page
      title={data ? `${kindNames[data.difference]}: ${data.cidr}` : 'Difference'}
      description={
        <>
          {data ? kindWords[data.difference] : null}{' '}
          <Link to={`/sources/${sourceId}/differences`}>All differences of {of?.name ?? sourceId}</Link>
        </>
      }
      actions={
        <SpaceBetween size="xs" direction="horizontal">
          {act('ask', 'Ask the owner')}
          {act('release', 'Release', isReleased ? undefined : 'Only what is gone or was not told of is released.')}
          {act('ignore', 'Ignore')}
          {act(
            'adopt',
            'Adopt',
            isUnregistered ? undefined : 'The register has it: only what is not registered is adopted.',
          )}
        </SpaceBetween>
      }
      commands={[
        `cadastre difference show ${sourceId} ${differenceId}`,
        `cadastre difference adopt ${sourceId} --shown ${data?.shown ?? 'SHOWN'} --dry-run`,
      ]}
      requests={[`/sources/${sourceId}/differences/${differenceId}`]}
    >
      {error ? <Wrong error={error} /> : null}
      {data ? (
        <SpaceBetween size="l">
          <Facts
            title="What policy says"
            facts={[
              ['Policy says', data.policy === undefined ? undefined : <State key="p" of={data.policy} />],
              [
                'Account',
                data.account === undefined ? undefined : (
                  <Said key="a">{named(data.account, nameOf(data.account))}</Said>
                ),
              ],
              [
                'Would be',
                wouldBe && `${wouldBe.resourceType}${wouldBe.locale === undefined ? '' : ` in ${wouldBe.locale}`}`,
              ],
              ['From pool', wouldBe?.poolId === undefined ? undefined : <Linked key="o">{wouldBe.poolId}</Linked>],
              ['By policy', wouldBe?.policyId === undefined ? undefined : <Linked key="y">{wouldBe.policyId}</Linked>],
              ['Setting', said(wouldBe?.setting)],
              [
                'Allowed',
                wouldBe?.allowed === undefined ? undefined : <Linked key="l">{wouldBe.allowed.join(', ')}</Linked>,
              ],
              [
                'Finding',
                data.findingId === undefined ? undefined : (
                  <Link key="f" to={`/findings/${data.findingId}`}>
                    {data.findingId}
                  </Link>
                ),
              ],
              [
                'Ignored',
                data.ignored && (
                  <span key="i">
                    <Said>{data.ignored.reason}</Said> – by <Said>{data.ignored.by}</Said>, until{' '}
                    <Moment at={data.ignored.until} />
                  </span>
                ),
              ],
              [
                'Owner asked',
                data.asked && (
                  <span key="k">
                    <Said>{data.asked.contact ?? data.asked.account}</Said> – by <Said>{data.asked.by}</Said>,{' '}
                    <Moment at={data.asked.at} />
                  </span>
                ),
              ],
            ]}
          />
          {data.observed ? <Facts title="What the source says" facts={observed(data.observed)} /> : null}
          {data.registered ? (
            <Facts
              title="What the register has"
              facts={[
                ['Allocation', <Said key="a">{data.registered.allocationId}</Said>],
                ['CIDR', <Cidr key="c">{data.registered.cidr}</Cidr>],
                ['Account', <Said key="o">{named(data.registered.account, nameOf(data.registered.account))}</Said>],
                ['Type', data.registered.resourceType],
                ['Resource', said(data.registered.resourceId)],
              ]}
            />
          ) : null}
          {data.overlaps ? <Facts title="What it overlaps with" facts={observed(data.overlaps)} /> : null}
        </SpaceBetween>
      ) : null}
    </Page>
  )
}
