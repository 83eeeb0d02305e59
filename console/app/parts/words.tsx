// One formatter each for what pages show: text of others, moments, counts, addresses, ids, states.
import Badge from '@cloudscape-design/components/badge'
import Box from '@cloudscape-design/components/box'
import StatusIndicator, { type StatusIndicatorProps } from '@cloudscape-design/components/status-indicator'
import type { ReactNode } from 'react'
import { Link } from 'react-router'

/** What is no longer than this stays on one line: a table would rather break it than give it room. */
const wordLengthMax = 18
/** Text that somebody else wrote: isolated in direction, broken where it must, never markup. */
export const Said = ({ children }: { children: string | undefined }): ReactNode =>
  children === undefined || children === '' ? (
    <None />
  ) : (
    <bdi className={children.length > wordLengthMax ? 'text' : 'word'}>{children}</bdi>
  )

export const None = (): ReactNode => (
  <Box variant="span" color="text-status-inactive">
    none
  </Box>
)

const zone = Intl.DateTimeFormat().resolvedOptions().timeZone
const isUtc = zone === 'UTC' || zone === 'Etc/UTC'
const local = new Intl.DateTimeFormat('en-GB', { dateStyle: 'medium', timeStyle: 'medium', hour12: false })
const localDay = new Intl.DateTimeFormat('sv-SE', { dateStyle: 'short' })
const time = (at: string): string => `${at.slice(11, 19)} UTC`

/** In the person's zone, with UTC beside it: its day, too, where that is another one. */
export function Moment({ at }: { at: string | undefined }): ReactNode {
  if (at === undefined) return <None />
  const utc = `${at.slice(0, 10)} ${time(at)}`
  const isSameDay = localDay.format(new Date(at)) === at.slice(0, 10)
  return (
    <time dateTime={at} title={utc} className="number">
      {isUtc ? (
        <span className="word">{utc}</span>
      ) : (
        <>
          <span className="word">{local.format(new Date(at))}</span>{' '}
          <span className="word">({isSameDay ? time(at) : utc})</span>
        </>
      )}
    </time>
  )
}
/** How far away a moment is, in the largest unit that is whole: in 6 days, 3 hours ago. */
export function farAway(at: string, now = Date.now()): string {
  const seconds = (Date.parse(at) - now) / 1000
  const [unit, length] = units.find(([, one]) => Math.abs(seconds) >= one) ?? units.at(-1)!
  return away.format(Math.trunc(seconds / length), unit)
}
const away = new Intl.RelativeTimeFormat('en-GB', { numeric: 'always' })
const units = [
  ['day', 86_400],
  ['hour', 3_600],
  ['minute', 60],
  ['second', 1],
] as const
/** A moment that people count the days to. */
export const Away = ({ at }: { at: string | undefined }): ReactNode =>
  at === undefined ? (
    <None />
  ) : (
    <>
      <span className="word">{farAway(at)}</span>, <Moment at={at} />
    </>
  )
export const momentText = (at: string | undefined): string => at ?? ''

const grouped = new Intl.NumberFormat('en-US')
/** Counts of addresses come as text: there are more than a number can tell. From 10^15 on, as a power of two. */
export function countText(count: string | number): string {
  if (typeof count === 'number') return grouped.format(count)
  const value = BigInt(count)
  if (value < 10n ** 15n) return grouped.format(value)
  const bits = value.toString(2).length - 1
  return value === 1n << BigInt(bits) ? `2^${bits}` : `about 2^${bits}`
}
export const Count = ({ of }: { of: string | number }): ReactNode => <span className="number">{countText(of)}</span>
/** In the place of what takes a while to count. */
export const Counting = ({ of }: { of: string }): ReactNode => (
  <div aria-busy="true">
    <StatusIndicator type="loading">Counting {of}</StatusIndicator>
  </div>
)

/** Shares of counts that no number can hold. */
export function percentOf(part: string, whole: string): number {
  const all = BigInt(whole)
  return all === 0n ? 0 : Number(((BigInt(part) * 2000n) / all + 1n) / 2n) / 10
}

/** How full something is, as a number and as a bar. */
export function Used({ percent, of }: { percent: number; of: string }): ReactNode {
  const color = percent >= 90 ? '#d13212' : percent >= 75 ? '#b7791f' : '#2f855a'
  return (
    <span>
      <span className="number">{percent.toFixed(1)} %</span>
      <span className="bar" aria-hidden="true" title={of}>
        <span
          className="filled"
          style={{ inlineSize: `${Math.max(percent, percent > 0 ? 1 : 0)}%`, background: color }}
        />
      </span>
    </span>
  )
}

const statuses: Readonly<Record<string, readonly [StatusIndicatorProps.Type, string]>> = {
  allow: ['success', 'Allowed'],
  deny: ['error', 'Denied'],
  steer: ['info', 'Steered'],
  exhausted: ['warning', 'Exhausted'],
  approved: ['success', 'Approved'],
  active: ['success', 'Active'],
  requested: ['pending', 'Waits for approval'],
  expired: ['stopped', 'Expired'],
  denied: ['error', 'Denied'],
  revoked: ['stopped', 'Revoked'],
  draft: ['pending', 'Draft'],
  'in-review': ['pending', 'In review'],
  scheduled: ['in-progress', 'Scheduled'],
  reverted: ['stopped', 'Reverted'],
  warn: ['warning', 'Warned'],
  applied: ['success', 'Applied'],
  rejected: ['error', 'Sent back'],
  abandoned: ['stopped', 'Abandoned'],
  failed: ['error', 'Failed'],
  halted: ['warning', 'Halted'],
  'rolling-out': ['in-progress', 'Rolling out'],
  allocated: ['success', 'Allocated'],
  held: ['pending', 'Held'],
  quarantined: ['stopped', 'Resting'],
  free: ['info', 'Free'],
  reserved: ['stopped', 'Reserved'],
  'partly-used': ['info', 'Partly used'],
  other: ['info', 'Not all free'],
  complies: ['success', 'Compliant'],
  noncompliant: ['warning', 'Not compliant'],
  fresh: ['success', 'Fresh'],
  stale: ['warning', 'Stale'],
  never: ['pending', 'Never reported'],
  complete: ['success', 'Complete'],
  partial: ['warning', 'Partial'],
  discarded: ['stopped', 'Discarded'],
  allowed: ['success', 'Allowed'],
  elsewhere: ['warning', 'Elsewhere'],
  outside: ['info', 'No policy'],
  adopted: ['success', 'Adopted'],
  ignored: ['stopped', 'Ignored'],
  released: ['success', 'Released'],
  asked: ['success', 'Asked'],
  unchanged: ['stopped', 'Unchanged'],
  refused: ['error', 'Refused'],
  read: ['success', 'Read'],
  wrong: ['error', 'Wrong'],
  'left-out': ['stopped', 'Left out'],
  open: ['warning', 'Open'],
  resolved: ['success', 'Resolved'],
  suppressed: ['stopped', 'Set aside'],
}
/** A state of the API, with a sign beside its word. */
export function State({ of }: { of: string }): ReactNode {
  const [type, word] = statuses[of] ?? (['info', of] as const)
  return (
    <StatusIndicator type={type} wrapText={false}>
      {word}
    </StatusIndicator>
  )
}

/** An address or CIDR, which leads to its page. */
export const Cidr = ({ children }: { children: string }): ReactNode => (
  <Link to={`/address?cidr=${encodeURIComponent(children)}`} className="number">
    {children}
  </Link>
)
export const Account = ({ id, name }: { id: string; name?: string | undefined }): ReactNode => (
  <Link to={`/account?id=${encodeURIComponent(id)}`}>{name === undefined ? id : `${name} (${id})`}</Link>
)
export const Mode = ({ of }: { of: string }): ReactNode => (
  <Badge color={of === 'enforce' ? 'blue' : of === 'warn' ? 'severity-medium' : 'grey'}>{of}</Badge>
)
/** A pool in a table: by its name where it has one. */
export function PoolOf({ id, name }: { id: string | undefined; name: string | undefined }): ReactNode {
  if (!id?.startsWith('ipam-pool-')) return <Said>{id}</Said>
  return (
    <Link to={`/pools/${id}`} title={id}>
      <Said>{name ?? id}</Said>
    </Link>
  )
}
