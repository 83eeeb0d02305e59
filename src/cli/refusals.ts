// A refusal as people read it: the sentence, the facts one per line, and what to do next.
import { kindOfNoun } from '#model/kinds.ts'
import { type Action, everywhere, roleNames, roles } from '#model/roles.ts'
import type { Given } from './arguments.ts'
import type { Problem } from './client.ts'
import type { NativeCommand, NativeParameter } from './native-command.ts'
import { type Paint, withoutColour } from './paint.ts'
import { printable } from './printable.ts'
import type { Server } from './profiles.ts'
import { cellOf } from './table.ts'

export interface Asked {
  /** Undefined for what is asked before there is a command, such as the sign-in. */
  readonly command?: NativeCommand
  readonly given: Given
  readonly server?: Pick<Server, 'url' | 'profile' | 'principal'>
  readonly idempotencyKey?: string
  readonly isDryRun?: boolean
  /** All commands there are: the next step names only those. */
  readonly commands: readonly NativeCommand[]
  /** The time zone of whoever reads it. */
  readonly zone: string
  readonly paint?: Paint
}

/** Everything to print, with a line break at the end. */
export function wordsOf(problem: Problem, asked: Asked): string {
  const { sentence, lines } = sentenceOf(problem, asked)
  const facts = factsOf(problem, [sentence, ...lines].join('\n'), asked.zone)
  const steps = nextSteps(problem, asked)
  const { error } = asked.paint ?? withoutColour
  return `${[error(printable(sentence)), ...lines.map((line) => `  ${printable(line)}`), ...facts, ...steps.map((step) => `Next: ${step}`)].join('\n')}\n`
}

/** The decision's facts are lines of their own; a detail of several lines has them in it. */
function sentenceOf(problem: Problem, asked: Asked): { sentence: string; lines: readonly string[] } {
  const { sentence, lines } = problem
  if (typeof sentence === 'string' && Array.isArray(lines)) {
    // What is a next step is said as one.
    const step = stepOfAdvice(problem, asked)
    return { sentence, lines: lines.map(String).filter((line) => step === undefined || !line.includes(step)) }
  }
  const [first = '', ...rest] = problem.detail.split('\n')
  return { sentence: first, lines: rest }
}

const said = new Set(['type', 'title', 'status', 'detail', 'instance', 'code', 'sentence', 'lines'])
/** Said by the sentence, or used for the next step. */
const saidByCode: Readonly<Record<string, readonly string[]>> = { NotAuthorized: ['reason', 'principal', 'node'] }
/** The lines of a decision are all its facts in words, but for which decision it was, and for which of several requests. */
const besideLines = new Set(['decisionId', 'index'])

/** Those that the sentence has not said; the request's id where somebody must look it up. */
function factsOf(problem: Problem, sentence: string, zone: string): string[] {
  const facts = Object.entries(problem)
    .filter(([name]) =>
      Array.isArray(problem.lines)
        ? besideLines.has(name)
        : !said.has(name) && !saidByCode[problem.code]?.includes(name),
    )
    .map(([name, value]): [string, string] => [name, cellOf(value, zone)])
    .filter(([, text]) => text !== '' && !isSaid(text, sentence))
  if (isLogged(problem)) facts.push(['request', requestId(problem)])
  const width = Math.max(0, ...facts.map(([name]) => name.length))
  return facts.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`)
}

/** As it is, or with a capital where it begins the sentence: a value in another case is another one. */
const isSaid = (text: string, sentence: string): boolean =>
  sentence.includes(text) || sentence.includes(text.charAt(0).toUpperCase() + text.slice(1))

/** The server writes its own faults to its log, with the request's id, and no refusal. */
const isLogged = ({ code }: Problem): boolean => code === 'Fault'
const requestId = ({ instance = '' }: Problem): string => instance.replace('urn:cadastre:request:', '')

function nextSteps(problem: Problem, asked: Asked): readonly string[] {
  const { code, status } = problem
  if (status === 401) return [signInAgain(asked)]
  if (code === 'NotAuthorized') return askForRole(problem, asked)
  if (code === 'DeniedByPolicy') return aroundPolicy(problem, asked)
  if (code === 'MissingRequiredTags') return addTags(problem.missing, asked)
  if (code === 'Exhausted') return roomElsewhere(problem, asked)
  if (code === 'InvalidAction')
    return [`the server at ${asked.server?.url} is of another version and has no such operation.`]
  if (code === 'NotFound') return findOthers(problem, asked)
  if (code === 'NoLongerKept')
    return has(asked, retention) ? [`${call(retention)} says how long decisions are kept.`] : []
  if (code === 'PreconditionFailed')
    return readAgain(asked, `repeat with \`--if-match ${quoted(String(problem.current))}\``)
  if (code === 'IdempotencyMismatch')
    return ['this key belongs to another request; take another one, or leave `--idempotency-key` out.']
  if (code === 'OutdatedRepeat') return ['to have it anew, take another `--idempotency-key`, or leave it out.']
  if (code === 'Throttled') return [`wait ${String(problem.retryAfterSeconds)} s; ${repeatSafely(asked)}.`]
  if (code === 'ChangeRequestRequired') return proposeIt(problem)
  if (code === 'PolicyConflict') return seeWhatIsInForce(problem, asked)
  if (status === 503) return [`try again; ${repeatSafely(asked)}.`]
  if (status === 409) return lookAgain(asked)
  if (status === 400) return changeWords(problem, asked)
  if (isLogged(problem)) return [`whoever runs the server finds the request \`${requestId(problem)}\` in its log.`]
  return []
}

const retention = 'decision retention'
const commandOf = ({ commands }: Asked, words: string): NativeCommand | undefined =>
  commands.find((command) => command.words === words)
const has = (asked: Asked, words: string): boolean => commandOf(asked, words) !== undefined
const call = (words: string): string => `\`cadastre ${words}\``
/** As a shell reads it. */
export const quoted = (text: string): string =>
  /^[\w:./@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`

/** Who was only about to sign in has named the server. */
function signInAgain({ server, command }: Asked): string {
  const profile = server?.profile === undefined ? '' : ` --profile ${server.profile}`
  const isFromEnvironment = command !== undefined && server !== undefined && server.profile === undefined
  const words = call(`login --url ${server?.url ?? 'URL'}${profile}`)
  return isFromEnvironment
    ? `give CADASTRE_TOKEN another token, or unset it and sign in: ${words}.`
    : `sign in: ${words}.`
}

/** The node is at or above all that it changes, which only whoever proposes it knows. */
function proposeIt({ proposal }: Problem): readonly string[] {
  const operations = typeof proposal === 'string' ? quoted(proposal) : 'OPERATIONS'
  return [`propose it: ${call(`change-request propose --node NODE --reason WHY --operations ${operations}`)}.`]
}

function askForRole({ action, reason, node, principal }: Problem, asked: Asked): readonly string[] {
  if (reason === 'scopes') {
    return [`use a token that is not narrowed so far: ${call('token create')} as somebody who may.`]
  }
  if (reason === 'forbidden') return ['ask whoever manages roles there to take the `forbid` away.']
  // It is not for want of a role, and says itself what would help.
  if (reason !== 'no-role' || typeof node !== 'string') return []
  const able = roleNames.filter((name) => (roles[name].actions as readonly Action[]).includes(action as Action))
  if (able.length === 0) return ['ask whoever manages roles there.']
  const who = typeof principal === 'string' ? principal : asked.server?.principal
  const place = node === everywhere ? 'everywhere (`*`)' : `at \`${node}\``
  const role = able.find((name) => name !== 'organization-administrator') ?? able[0]!
  const steps = [`ask for one of these roles ${place}: ${able.join(', ')}.`]
  if (who === undefined) return steps
  const words = `role-binding create --principal ${quoted(who)} --role ${role} --node ${quoted(node)}`
  return [...steps, `whoever manages roles there: ${call(words)}.`]
}

function aroundPolicy(problem: Problem, asked: Asked): readonly string[] {
  const { decisionId: decision, missingTags } = problem
  const steps: string[] = []
  if (typeof decision === 'string' && !asked.isDryRun && has(asked, 'explain decision')) {
    steps.push(`${call(`explain decision ${decision}`)} tells why, and the nearest change that would be granted.`)
  }
  return [...steps, ...exceptionStep(problem, asked), ...addTags(missingTags, asked)]
}

interface Advice {
  readonly exceptionCommand?: string
  readonly mayRequestException?: boolean
}
/** The command that asks for an exception, for whoever may run it. */
function stepOfAdvice({ advice = {} }: Problem, asked: Asked): string | undefined {
  const { exceptionCommand, mayRequestException } = advice as Advice
  return mayRequestException && has(asked, 'exception request') ? exceptionCommand : undefined
}
function exceptionStep(problem: Problem, asked: Asked): readonly string[] {
  const exception = stepOfAdvice(problem, asked)
  return exception === undefined ? [] : [`or ask for an exception: \`${exception}\`.`]
}

/** @param missing `KEY` or `KEY=VALUE` each */
function addTags(missing: unknown, { command }: Asked): readonly string[] {
  if (!Array.isArray(missing) || !command?.parameters.some(({ flag }) => flag === 'tags')) return []
  const flags = missing.map((tag) => `--tags ${quoted(/=/.test(String(tag)) ? String(tag) : `${String(tag)}=VALUE`)}`)
  return [`repeat it with \`${flags.join(' ')}\`.`]
}

function roomElsewhere(problem: Problem, asked: Asked): readonly string[] {
  const { poolId: pool, netmaskLength, decisionId: decision } = problem
  const isOneAddress = netmaskLength === 32 || netmaskLength === 128
  const ways = [
    ...(isOneAddress ? [] : ['ask for a smaller block']),
    ...(pool === 'provider' ? [] : [`ask whoever runs \`${String(pool)}\` to provision more`]),
  ]
  const steps = ways.length === 0 ? [] : [`${ways.join(', or ')}.`]
  if (typeof decision === 'string' && !asked.isDryRun && has(asked, 'explain decision')) {
    steps.push(`${call(`explain decision ${decision}`)} tells which pools were tried.`)
  }
  return [...steps, ...exceptionStep(problem, asked)]
}

/** Which command lists what is no kind of its own, or is shown as a tree; a kind's own word says the rest. */
const listsOf: Readonly<Record<string, string>> = {
  'policy-assignment': 'assignment list',
  candidate: 'assignment list',
  'organization-target': 'organization tree',
  organization: 'organization tree',
  root: 'organization tree',
  parent: 'organization tree',
  'source-parent': 'organization tree',
  'destination-parent': 'organization tree',
  child: 'organization tree',
}
const listOf = (noun: string): string => listsOf[noun] ?? `${kindOfNoun[noun]?.word ?? noun} list`

function findOthers({ what }: Problem, asked: Asked): readonly string[] {
  const { account } = asked.given
  const list = listOf(String(what))
  // What is only shared with an account is not among what its people may see, and can be used nevertheless.
  if (what === 'ipam-pool' && typeof account === 'string' && has(asked, list)) {
    const usable = `${list} --usable-by ${quoted(account)}`
    return [`${call(usable)} shows what the account may use, also what others share with it.`]
  }
  const words = listWords(list, asked, ['policyId'])
  return words === undefined ? [] : [`${call(words)} shows what there is that you may see.`]
}

/** A list, narrowed to what was named; undefined where there is none, or its path is not known. */
function listWords(list: string, asked: Asked, filters: readonly string[]): string | undefined {
  const command = commandOf(asked, list)
  if (!command) return undefined
  const valueGiven = ({ name }: NativeParameter): string | undefined => {
    const value = asked.given[name]
    return typeof value === 'string' ? quoted(value) : undefined
  }
  const inPath = command.parameters.filter(({ where }) => where === 'path').map(valueGiven)
  if (inPath.includes(undefined)) return undefined
  const narrowing = command.parameters
    .filter((parameter) => parameter.where === 'query' && filters.includes(parameter.name) && valueGiven(parameter))
    .map((parameter) => `--${parameter.flag} ${valueGiven(parameter)}`)
  return [list, ...inPath, ...narrowing].join(' ')
}

/** What was to be put need not have been there before: then a list, which is empty at worst, shows it. */
function lookAgain(asked: Asked): readonly string[] {
  const then = 'and change what stands in the way'
  const { command } = asked
  if (command?.method !== 'PUT') return readAgain(asked, then)
  const list = commandOf(asked, `${command.words.split(' ')[0]} list`)
  const names = command.parameters.filter(({ where }) => where === 'path').map(({ name }) => name)
  const words = list && listWords(list.words, asked, names)
  return words === undefined ? [] : [`look at what is there, ${call(words)}, ${then}.`]
}

function readAgain(asked: Asked, then: string): readonly string[] {
  const reading = asked.commands.find(({ name }) => name === asked.command?.changes)
  if (!reading) return []
  const words = reading.parameters.filter(({ where }) => where === 'path').map(({ name }) => String(asked.given[name]))
  return [`read it again, ${call([reading.words, ...words.map(quoted)].join(' '))}, ${then}.`]
}

/** The assignments that do not go together need not be there: one of them may be what was just refused. */
function seeWhatIsInForce({ node, locale, resourceType }: Problem, asked: Asked): readonly string[] {
  if (!has(asked, 'policy effective')) return []
  const [at, where, what] = [node, locale, resourceType].map((each) => quoted(String(each)))
  return [
    `${call(`policy effective --node ${at} --locale ${where} --resource-type ${what}`)} shows what is in force there.`,
  ]
}

function repeatSafely({ command, idempotencyKey, given }: Asked): string {
  if (!command?.isWrite) return 'nothing was changed'
  if (idempotencyKey === undefined) return 'whether it was done, look before you repeat it'
  // `7d` is another moment by then, which would be another request.
  const moments = command.parameters
    .filter(({ kind, where, name }) => kind === 'moment' && where === 'body' && typeof given[name] === 'string')
    .map(({ flag, name }) => ` --${flag} ${String(given[name])}`)
  return `with \`--idempotency-key ${quoted(idempotencyKey)}${moments.join('')}\` it is done once, however often it is asked`
}

/** The API names a field as it is called there. */
function changeWords({ field }: Problem, { command }: Asked): readonly string[] {
  if (!command) return []
  const [name] = String(field ?? '').split('.')
  const parameter = command.parameters.find((parameter) => parameter.name === name)
  const help = `${call(`${command.words} --help`)} says what is allowed.`
  if (!parameter) return [help]
  return [`change ${parameter.where === 'path' ? parameter.flag.toUpperCase() : `\`--${parameter.flag}\``}; ${help}`]
}

/** The way to the server failed, and nobody knows whether it had arrived. */
export const afterNoAnswer = (asked: Asked): string => repeatSafely(asked)
