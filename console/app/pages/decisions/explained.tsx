// A decision in words: what was asked, the way through the documents, and what would change the answer.
import Alert from '@cloudscape-design/components/alert'
import Container from '@cloudscape-design/components/container'
import Header from '@cloudscape-design/components/header'
import SpaceBetween from '@cloudscape-design/components/space-between'
import Steps from '@cloudscape-design/components/steps'
import { type ReactNode, useMemo } from 'react'
import type { Schemas } from '../../api/client.ts'
import { Facts } from '../../parts/facts.tsx'
import { Linked } from '../../parts/linked.tsx'
import { useNodeNames } from '../../parts/names.ts'
import { Account, Cidr, Mode, Moment, Said, State } from '../../parts/words.tsx'

/** Lines that repeat what the facts below say. */
const repeated = /^(Policy|Document|Decided by|Nearest change): /

const signs: Readonly<Record<string, 'success' | 'error' | 'info' | 'stopped' | 'warning'>> = {
  hit: 'success',
  pass: 'success',
  fail: 'error',
  miss: 'stopped',
  skip: 'stopped',
  note: 'info',
}

export function Explained({ of }: { of: Schemas['Explanation'] }): ReactNode {
  const nameOf = useNodeNames()
  const { request } = of
  const [first, ...others] = useMemo(
    () => of.messages.standard.split('\n').filter((line) => line !== '' && !repeated.test(line)),
    [of],
  )
  const type =
    of.outcome === 'deny' ? 'error' : of.outcome === 'warn' ? 'warning' : of.outcome === 'steer' ? 'info' : 'success'
  return (
    <SpaceBetween size="l">
      <Alert type={type} header={<Linked names={of.names}>{first ?? of.messages.short}</Linked>}>
        {others.map((line) => (
          <div key={line}>
            <Linked names={of.names}>{line}</Linked>
          </div>
        ))}
      </Alert>
      {of.nearestChange === undefined ? null : (
        <Container
          header={
            <Header
              variant="h2"
              description={`What ${of.nearestChange.by === 'requester' ? 'whoever asked' : 'an approver'} could do`}
            >
              The way to comply
            </Header>
          }
        >
          <Linked names={of.names}>{of.nearestChange.sentence}</Linked>
        </Container>
      )}
      <Facts
        title="The request"
        facts={[
          ['Outcome', <State key="o" of={of.outcome} />],
          [
            'Account',
            <Account key="a" id={request.account} name={nameOf(request.account) ?? of.names[request.account]} />,
          ],
          ['Type', <Said key="t">{request.resourceType}</Said>],
          ['Locale', <Said key="l">{request.locale}</Said>],
          [
            'Asked for pool',
            request.poolId === undefined ? undefined : (
              <Linked key="p" names={of.names}>
                {request.poolId}
              </Linked>
            ),
          ],
          [
            'Asked for block',
            request.cidr === undefined ? (
              request.netmaskLength === undefined ? undefined : (
                `/${request.netmaskLength}`
              )
            ) : (
              <Cidr key="c">{request.cidr}</Cidr>
            ),
          ],
          ['Gave', of.cidr === undefined ? undefined : <Cidr key="g">{of.cidr}</Cidr>],
          [
            'From pool',
            of.poolId === undefined ? undefined : (
              <Linked key="f" names={of.names}>
                {of.poolId}
              </Linked>
            ),
          ],
          [
            'Decided by',
            of.decidedBy === undefined ? undefined : (
              <>
                <Linked names={of.names}>{of.decidedBy.policyId}</Linked> version {of.decidedBy.version}
              </>
            ),
          ],
          [
            'Enabled on',
            of.decidedBy === undefined ? undefined : (
              <Said key="n">{nameOf(of.decidedBy.targetId) ?? of.decidedBy.targetId}</Said>
            ),
          ],
          ['Mode', <Mode key="m" of={of.mode} />],
          ['When', <Moment key="w" at={of.at} />],
        ]}
      />
      <Way of={of} />
    </SpaceBetween>
  )
}

/** Which documents were looked at, and what each of them said. */
export function Way({ of }: { of: Schemas['Explanation'] }): ReactNode {
  return (
    <Container
      header={
        <Header variant="h2" description="In the order in which it was looked at">
          The way through the documents
        </Header>
      }
    >
      {of.trace.length === 0 ? (
        'No policy had anything to say.'
      ) : (
        <Steps
          ariaLabel="The way through the documents"
          steps={of.trace.map(({ kind, subject, result, because }) => ({
            status: signs[result] ?? 'info',
            header: `${kind}: ${result}`,
            details: (
              <>
                <Linked names={of.names}>{subject}</Linked>: <Linked names={of.names}>{because}</Linked>
              </>
            ),
            statusIconAriaLabel: result,
          }))}
        />
      )}
    </Container>
  )
}
