// OCSF 1.8.0, a line of JSON for each event: findings as Compliance Findings (2003), the record of changes as API Activity (6003).
import type { FindingStatus, Severity } from '#model/finding.ts'
import { type ExportFacts, type ExportFormat, jsonLines, productName } from './export.ts'
import { changedAt, type ExportedFinding } from './finding.ts'

const ocsfVersion = '1.8.0'
const mediaType = 'application/x-ndjson; profile=ocsf'

const metadataOf = ({ version }: Pick<ExportFacts, 'version'>, uid: string, logName: string): object => ({
  version: ocsfVersion,
  product: { name: productName, vendor_name: productName, version },
  uid,
  log_name: logName,
})

// Findings -----------------------------------------------------------------------------------------------------------

const severityIds: Readonly<Record<Severity, number>> = { informational: 1, low: 2, medium: 3, high: 4, critical: 5 }
/** New, suppressed, resolved. */
const statusIds: Readonly<Record<FindingStatus, number>> = { open: 1, suppressed: 3, resolved: 4 }
const complianceIds: Readonly<Record<FindingStatus, number>> = { open: 3, suppressed: 2, resolved: 1 }
const complianceNames: Readonly<Record<FindingStatus, string>> = {
  open: 'Fail',
  suppressed: 'Warning',
  resolved: 'Pass',
}
const capitalized = (text: string): string => text.charAt(0).toUpperCase() + text.slice(1)
const statusNames: Readonly<Record<FindingStatus, string>> = {
  open: 'New',
  suppressed: 'Suppressed',
  resolved: 'Resolved',
}

export const ocsfFindings: ExportFormat<ExportedFinding> = {
  mediaType,
  meaning: 'OCSF 1.8.0, class 2003',
  open: (facts) => jsonLines((finding) => complianceFinding(finding, facts)),
}

/** @param uid of the event; of a list, that of the finding */
export function complianceFinding(
  finding: ExportedFinding,
  facts: Pick<ExportFacts, 'version'>,
  uid = finding.findingId,
): object {
  const { findingId, control, severity, status, resource, resourceType, locale, node, summary } = finding
  const changed = Date.parse(changedAt(finding))
  const activity = activityOf(finding)
  return {
    class_uid: 2003,
    category_uid: 2,
    activity_id: activity,
    type_uid: 200_300 + activity,
    severity_id: severityIds[severity],
    severity: capitalized(severity),
    status_id: statusIds[status],
    status: statusNames[status],
    time: changed,
    message: summary,
    metadata: metadataOf(facts, uid, 'findings'),
    finding_info: {
      uid: findingId,
      title: summary,
      types: [control],
      created_time: Date.parse(finding.firstSeenAt),
      modified_time: changed,
      first_seen_time: Date.parse(finding.firstSeenAt),
      last_seen_time: Date.parse(finding.lastSeenAt),
    },
    compliance: {
      standards: [productName],
      control,
      status_id: complianceIds[status],
      status: complianceNames[status],
      status_detail: summary,
    },
    resources: [
      {
        uid: resource,
        ...(resourceType === undefined ? {} : { type: resourceType }),
        ...(locale === undefined ? {} : { region: locale }),
        // An account, or a unit where it is of no single account.
        owner: { account: { uid: node } },
      },
    ],
    unmapped: finding.facts,
  }
}

/** Created where it is open for the first time; closed; everything else is an update. */
function activityOf({ status, firstSeenAt, openedAt }: ExportedFinding): 1 | 2 | 3 {
  if (status === 'resolved') return 3
  return status === 'open' && firstSeenAt === openedAt ? 1 : 2
}

// The record ---------------------------------------------------------------------------------------------------------

/** A change or refusal as the native API shows it. */
export interface ExportedChange {
  readonly changeId: string
  readonly at: string
  readonly action: string
  readonly outcome: string
  readonly isDryRun?: boolean | undefined
  readonly times?: number | undefined
  readonly subjects: readonly string[]
  readonly account: string
  readonly principal: string
  readonly makers?: readonly string[] | undefined
  readonly credential: string
  readonly sourceAddress: string
  readonly region: string
  readonly requestId: string
}

export const ocsfChanges: ExportFormat<ExportedChange> = {
  mediaType,
  meaning: 'OCSF 1.8.0, class 6003',
  open: (facts) => jsonLines((change) => apiActivity(change, facts)),
}

const success = 'Success'

export function apiActivity(change: ExportedChange, facts: Pick<ExportFacts, 'version'>): object {
  const { changeId, at, action, outcome, subjects, account, principal, makers, credential, sourceAddress } = change
  const isDone = outcome === success
  const activity = verbOf(action)
  return {
    class_uid: 6003,
    category_uid: 6,
    activity_id: activity,
    ...(activity === other ? { activity_name: action } : {}),
    type_uid: 600_300 + activity,
    severity_id: severityIds.informational,
    severity: 'Informational',
    status_id: isDone ? 1 : 2,
    status: isDone ? success : 'Failure',
    ...(isDone ? {} : { status_code: outcome }),
    time: Date.parse(at),
    ...(change.times === undefined ? {} : { count: change.times }),
    metadata: metadataOf(facts, changeId, 'changes'),
    actor: {
      user: {
        name: principal,
        uid: principal,
        account: { uid: account },
        ...(credential === '' ? {} : { credential_uid: credential }),
      },
      ...(makers === undefined || makers.length === 0 ? {} : { invoked_by: makers.join(', ') }),
    },
    api: {
      operation: action,
      service: { name: productName },
      request: { uid: change.requestId },
      ...(isDone ? {} : { response: { error: outcome } }),
    },
    // What the server or its operator did came from no address.
    src_endpoint: isAddress(sourceAddress) ? { ip: sourceAddress } : { name: sourceAddress || 'local' },
    resources: subjects.map((uid) => ({ uid })),
    unmapped: { region: change.region, ...(change.isDryRun ? { isDryRun: true } : {}) },
  }
}

const isAddress = (text: string): boolean => /^(?=[0-9a-f]*[.:])[0-9a-f.:]+$/i.test(text)

const other = 99
/** By how an operation begins: create, read, update, delete. */
const verbs: readonly (readonly [number, RegExp])[] = [
  [1, /^(?:create|allocate|provision|associate|attach|accept|request|register|break|hold|share|authorize|invite)/i],
  [2, /^(?:get|list|describe|explain|find|read)/i],
  [4, /^(?:delete|release|deprovision|disassociate|detach|revoke|remove|forget|deregister|close|cancel)/i],
  [
    3,
    /^(?:update|modify|put|set|enable|disable|move|approve|deny|renew|review|suppress|unsuppress|replace|tag|untag)/i,
  ],
]
const verbOf = (action: string): number => verbs.find(([, begins]) => begins.test(action))?.[0] ?? other

// What others are told of --------------------------------------------------------------------------------------------

/** An event that is about no finding, as somebody did it. */
export interface ExportedEvent {
  readonly eventId: string
  /** Such as `exception.approved`. */
  readonly kind: string
  readonly severity: Severity
  readonly at: string
  readonly summary: string
  readonly subject: string
  readonly node: string
  /** Who did it; undefined where time did. */
  readonly by?: string | undefined
  readonly facts: object
}
/** How names of kinds end: create, read, update, delete. */
const eventVerbs: readonly (readonly [number, RegExp])[] = [
  [1, /\.(?:requested|made|used|opened)$/],
  [3, /\.(?:approved|denied|changed|reviewed|paused|reopened|suppressed)$/],
  [4, /\.(?:deleted|revoked)$/],
]
export function eventActivity(event: ExportedEvent, facts: Pick<ExportFacts, 'version'>): object {
  const { eventId, kind, severity, summary, subject, node, by = productName } = event
  const activity = eventVerbs.find(([, ends]) => ends.test(kind))?.[0] ?? other
  const change: ExportedChange = {
    ...{ changeId: eventId, at: event.at, action: kind, outcome: success, subjects: [subject] },
    ...{ account: node, principal: by, credential: '', sourceAddress: '', region: '', requestId: eventId },
  }
  return {
    ...apiActivity(change, facts),
    activity_id: activity,
    activity_name: kind,
    type_uid: 600_300 + activity,
    severity_id: severityIds[severity],
    severity: capitalized(severity),
    message: summary,
    metadata: metadataOf(facts, eventId, 'events'),
    unmapped: event.facts,
  }
}
