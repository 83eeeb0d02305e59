// The life of an address, a range, a network or an account's space: on one line, and each change of it with its decision and person.
import Box from '@cloudscape-design/components/box'
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import type { Schemas } from '../../api/client.ts'
import { Account, Cidr, Moment, momentText, Said } from '../../parts/words.tsx'

type Tenure = Schemas['Tenure']
const end = ({ until }: Tenure, now: number): number => (until === undefined ? now : Date.parse(until))
const least = 0.6

/** From the oldest on the left to now: as long as each was, with gaps where it was nobody's. */
export function Line({ tenures, now }: { tenures: readonly Tenure[]; now: number }): ReactNode {
  if (tenures.length === 0) return null
  const first = Math.min(...tenures.map(({ from }) => Date.parse(from)))
  const span = Math.max(now - first, 1)
  const share = (moment: number): number => ((moment - first) / span) * 100
  return (
    <div>
      <div className="life-line" aria-hidden="true">
        {tenures.map((one) => {
          const from = share(Date.parse(one.from))
          return (
            <span
              key={`${one.allocationId} ${one.from} ${one.cidr}`}
              className={one.until === undefined ? 'life-part life-now' : 'life-part'}
              style={{ insetInlineStart: `${from}%`, inlineSize: `${Math.max(share(end(one, now)) - from, least)}%` }}
              title={`${one.cidr}: ${one.account}, ${momentText(one.from)} until ${one.until ?? 'now'}`}
            />
          )
        })}
      </div>
      <Box variant="small" color="text-body-secondary">
        <Moment at={new Date(first).toISOString()} /> until now
      </Box>
    </div>
  )
}

export function Life({
  tenures,
  nameOf,
}: {
  tenures: readonly Tenure[]
  nameOf: (id: string) => string | undefined
}): ReactNode {
  return (
    <ol className="life">
      {tenures.map((one) => (
        <li key={`${one.allocationId} ${one.from} ${one.cidr}`}>
          <Box fontWeight="bold">
            <Account id={one.account} name={nameOf(one.account)} /> {one.until === undefined ? 'has' : 'had'}{' '}
            <Cidr>{one.cidr}</Cidr>
          </Box>
          <div>
            <Moment at={one.from} /> until {one.until === undefined ? 'now' : <Moment at={one.until} />}
            {one.ending === undefined ? null : `, ${one.ending}`}
          </div>
          <div>
            as {one.resourceType}
            {one.resourceId === undefined ? null : (
              <>
                {' '}
                <Link to={`/address?resource=${encodeURIComponent(one.resourceId)}`}>
                  <Said>{one.resourceId}</Said>
                </Link>
              </>
            )}
            , {one.state}
            {one.requestedBy === undefined ? null : (
              <>
                , asked for by <Said>{one.requestedBy.principal}</Said> ({one.requestedBy.action})
              </>
            )}
          </div>
          <div>
            {one.decisionId === undefined ? null : (
              <Link to={`/decisions/${one.decisionId}`}>Why: {one.decisionId}</Link>
            )}
            {one.policy === undefined ? null : (
              <>
                , by <Link to={`/policies/${one.policy.policyId}`}>policy</Link> version {one.policy.version}
              </>
            )}
            {one.until === undefined ? null : (
              <>
                {one.decisionId === undefined ? '' : ', '}
                <Link
                  to={`/changes?subject=${one.allocationId}`}
                  aria-label={`Who changed and ended allocation ${one.allocationId}`}
                >
                  who changed and ended it
                </Link>
              </>
            )}
          </div>
        </li>
      ))}
    </ol>
  )
}
