// One record, held against the log in this browser: a change, or a decision by the change that it was made for.
import Box from '@cloudscape-design/components/box'
import Button from '@cloudscape-design/components/button'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { Link, useSearchParams } from 'react-router'
import { answer, api, type Schemas } from '../../api/client.ts'
import { nodes, searchParamsOf } from '../../api/lists.ts'
import { load, type Read } from '../../api/queries.ts'
import { Facts } from '../../parts/facts.tsx'
import { Linked } from '../../parts/linked.tsx'
import { useNodeNames } from '../../parts/names.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { Account, Cidr, Mode, Moment, Said, State } from '../../parts/words.tsx'
import type { Shown } from './check.ts'
import { Checked, worth } from './checked.tsx'

interface Asked {
  readonly changeId: string
  readonly shown: Shown
  readonly facts: readonly (readonly [string, ReactNode])[]
}
type Change = Schemas['Change']

const asked = (params: URLSearchParams): Read<{ change?: Change; decision?: Schemas['Decision'] }> => {
  const [change, decision] = [params.get('change'), params.get('decision')]
  return {
    queryKey: ['to-verify', change, decision],
    queryFn: async ({ signal }) => {
      if (decision !== null) {
        const path = { decisionId: decision }
        return { decision: await answer(api.GET('/decisions/{decisionId}', { params: { path }, signal })) }
      }
      const path = { changeId: change ?? '' }
      return { change: await answer(api.GET('/changes/{changeId}', { params: { path }, signal })) }
    },
  }
}
export const loader = ({ request }: { request: Request }): Promise<null> => load(asked(searchParamsOf(request)), nodes)

function useAsked(data: { change?: Change; decision?: Schemas['Decision'] } | undefined): Asked | undefined {
  const nameOf = useNodeNames()
  if (data?.change) {
    const { change } = data
    return {
      changeId: change.changeId,
      shown: { kind: 'change', change },
      facts: [
        ['What', <Said key="a">{change.action}</Said>],
        ['Outcome', <Said key="o">{change.outcome}</Said>],
        ['When', <Moment key="w" at={change.at} />],
        ['Who', <Said key="p">{change.principal}</Said>],
        ['Account', <Account key="c" id={change.account} name={nameOf(change.account)} />],
        ['Of', change.subjects.length === 0 ? undefined : <Linked key="s">{change.subjects.join(', ')}</Linked>],
        ['Request', <Said key="r">{change.requestId}</Said>],
      ],
    }
  }
  const { decision } = data ?? {}
  if (!decision?.requestedBy) return undefined
  const { at, account, locale, resourceType, outcome, mode, policy, poolId, cidr, decisionId } = decision
  return {
    changeId: decision.requestedBy.changeId,
    shown: {
      kind: 'decision',
      changeId: decision.requestedBy.changeId,
      decisionId,
      decision: { at, account, locale, resourceType, outcome, mode, policy, poolId, cidr },
    },
    facts: [
      ['Outcome', <State key="o" of={outcome} />],
      ['When', <Moment key="w" at={at} />],
      ['Account', <Account key="a" id={account} name={nameOf(account)} />],
      ['Type', <Said key="t">{resourceType}</Said>],
      ['Locale', <Said key="l">{locale}</Said>],
      ['Mode', <Mode key="m" of={mode} />],
      ['Decided by', policy && <Linked key="d">{`${policy.policyId} version ${policy.version}`}</Linked>],
      ['From pool', poolId && <Linked key="f">{poolId}</Linked>],
      ['Gave', cidr === undefined ? undefined : <Cidr key="g">{cidr}</Cidr>],
    ],
  }
}

export function Component(): ReactNode {
  const [params] = useSearchParams()
  const { data, error } = useQuery(asked(params))
  const record = useAsked(data)
  const check = useQuery({
    queryKey: ['checked', record?.shown],
    queryFn: async () => (await import('./check.ts')).checkRecord(record!.shown),
    enabled: record !== undefined,
    // It is done when somebody asks, and not behind their back.
    staleTime: Number.POSITIVE_INFINITY,
    gcTime: 0,
    refetchOnWindowFocus: false,
    retry: false,
  })
  const decisionId = params.get('decision')
  const changeId = record?.changeId ?? params.get('change') ?? ''
  const of = decisionId ?? `change ${changeId}`
  return (
    <Page
      title={`Verify ${of}`}
      description={
        decisionId === null ? (
          <Link to={`/changes/${changeId}`}>The change in the record</Link>
        ) : (
          <Link to={`/decisions/${decisionId}`}>The decision with its reasons</Link>
        )
      }
      commands={[
        `cadastre change proof ${changeId}`,
        `cadastre audit prove ${changeId} > proof.json`,
        'cadastre audit verify proof.json --key KEY',
      ]}
      requests={[`/changes/${changeId}/proof`]}
    >
      {error ? <Wrong error={error} /> : null}
      {data && !record ? <Box>The request that it was decided for is not on record any more.</Box> : null}
      {record ? (
        <SpaceBetween size="l">
          <Container
            header={
              <Header
                variant="h2"
                description={worth}
                actions={
                  <Button loading={check.isFetching} onClick={() => void check.refetch()}>
                    Verify again
                  </Button>
                }
              >
                Verified in this browser
              </Header>
            }
          >
            <Checked report={check.data} error={check.error} />
          </Container>
          <Facts title="What is held against it" facts={record.facts} />
        </SpaceBetween>
      ) : null}
    </Page>
  )
}
