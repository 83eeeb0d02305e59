// First minutes: from nothing to a first denial that policy enforces, one form a step; or an example company to look at.
import Alert from '@cloudscape-design/components/alert'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import StatusIndicator from '@cloudscape-design/components/status-indicator'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { useMay } from '../../parts/may.ts'
import { Page, Wrong } from '../../parts/page.tsx'
import { PoolOf, Said } from '../../parts/words.tsx'
import { ExampleCompany } from './example-company.tsx'
import { AssignmentForm, IpamForm, OrganizationForm, PolicyForm, PoolForm, TryForm } from './forms.tsx'
import { type Beginning, loadBeginning, useBeginning } from './state.ts'

export const loader = loadBeginning

interface Step {
  readonly title: string
  readonly says: string
  readonly isDone: boolean
  /** Once it is done: what there is. */
  readonly done: ReactNode
  readonly Form: (props: { at: Beginning }) => ReactNode
}

const stepsOf = ({ accounts, units, ipams, pools, policies, enforced, nodes, denied }: Beginning): readonly Step[] => {
  const [pool] = pools
  const [policy] = policies
  const target = nodes.find(({ nodeId }) => nodeId === enforced[0]?.targetId)
  return [
    {
      title: 'Organization',
      says: 'Units and accounts: who takes addresses, and whom policies hold for.',
      isDone: accounts.length > 1,
      done: (
        <Link to="/organization">
          {units.length} {units.length === 1 ? 'unit' : 'units'}, {accounts.length} accounts
        </Link>
      ),
      Form: OrganizationForm,
    },
    {
      title: 'IPAM',
      says: 'What manages address space, with its own private space.',
      isDone: ipams.length > 0 || pools.length > 0,
      done:
        pools.length > 0 ? (
          `It manages ${pools.length} ${pools.length === 1 ? 'pool' : 'pools'}`
        ) : (
          <Said>{ipams[0]?.name ?? ipams[0]?.ipamId}</Said>
        ),
      Form: IpamForm,
    },
    {
      title: 'Pool',
      says: 'Space to take from.',
      isDone: pools.length > 0,
      done: <PoolOf id={pool?.poolId} name={pool?.name} />,
      Form: PoolForm,
    },
    {
      title: 'Policy',
      says: 'What a kind of resource takes its addresses from, and how much.',
      isDone: policies.length > 0,
      done: (
        <Link to={`/policies/${policy?.policyId}`}>
          <Said>{policy?.name ?? policy?.policyId}</Said>
        </Link>
      ),
      Form: PolicyForm,
    },
    {
      title: 'Assignment',
      says: 'Where the policy holds.',
      isDone: enforced.length > 0,
      done: (
        <>
          enforced at <Said>{target?.name ?? enforced[0]?.targetId}</Said>
        </>
      ),
      Form: AssignmentForm,
    },
    {
      title: 'A first denial',
      says: 'Ask for something that the policy does not allow.',
      isDone: denied !== undefined,
      done: <Link to={`/decisions/${denied?.decisionId}`}>Why it was denied, and what would comply</Link>,
      Form: TryForm,
    },
  ]
}

export function Component(): ReactNode {
  const at = useBeginning()
  const steps = stepsOf(at)
  const current = steps.findIndex(({ isDone }) => !isDone)
  const lacking = useMay()('organization:manage', at.root?.nodeId ?? '*')
  return (
    <Page
      title="First minutes"
      description="From nothing to a first denial that policy enforces, in six steps."
      commands={[
        'cadastre organization create --management-account ACCOUNT',
        'cadastre unit create --name Production --parent-id ROOT',
        'cadastre account create --name shop --parent-id Production',
        'cadastre ipam-administrator put --account network',
        'cadastre ipam create --account network --region eu-central-1 --name main',
        "cadastre pool create --scope-id SCOPE --family ipv4 --locale eu-central-1 --name prod --shared-with '*'",
        'cadastre pool-cidr create prod --cidr 10.20.0.0/16',
        'cadastre policy create --ipam-id main --name production',
        `cadastre policy-document put production eu-central-1 vpc --rules '[{"poolId":"prod"}]'`,
        'cadastre assignment put production Production --mode enforce',
        'cadastre allocation create --account shop --resource-type vpc --locale eu-central-1 --netmask-length 16',
      ]}
      requests={['/organization/tree', '/pools', '/policies', '/assignments', '/decisions?outcome=deny']}
    >
      {at.error ? <Wrong error={at.error} /> : null}
      {lacking === undefined ? null : (
        <Alert type="info" header="You can look on here">
          {lacking}
        </Alert>
      )}
      {current < 0 ? (
        <Alert type="success" header="Policy is enforced">
          Whoever asks, and however, gets what policy allows. <Link to="/try">Try it</Link> says what a request would
          get; the <Link to="/">overview</Link> shows what happens from now on.
        </Alert>
      ) : null}
      {steps.map((step, index) => (
        <Container
          key={step.title}
          header={
            <Header
              variant="h2"
              description={step.isDone ? step.done : step.says}
              actions={
                <StatusIndicator
                  type={step.isDone ? 'success' : index === current ? 'in-progress' : 'pending'}
                  wrapText={false}
                >
                  {step.isDone ? 'Done' : index === current ? 'Next' : 'Later'}
                </StatusIndicator>
              }
            >
              {index + 1}. {step.title}
            </Header>
          }
        >
          {index === current && lacking === undefined && at.me !== undefined ? <step.Form at={at} /> : null}
        </Container>
      ))}
      <ExampleCompany at={at} lacking={lacking} />
    </Page>
  )
}
