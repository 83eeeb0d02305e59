// A refusal as people read it: the sentence, the facts one per line, and what to do next.
import { type Action, everywhere, roleNames, roles } from '#model/roles.ts'
import type { Given } from './arguments.ts'
import type { Problem } from './client.ts'
import type { NativeCommand } from './native-command.ts'
import type { Server } from './profiles.ts'
import { cellOf, printable } from './table.ts'

export interface Asked {
  /** Undefined for what is asked before there is a command, such as the sign-in. */
  readonly command?: NativeCommand
  readonly given: Given
  readonly server?: Pick<Server, 'url' | 'profile' | 'principal'>
  readonly idempotencyKey?: string
  /** All commands there are: the next step names only those. */
  readonly commands: readonly NativeCommand[]
}

/** Everything to print, with a line break at the end. */
export function wordsOf(problem: Problem, asked: Asked): string {
  const { sentence, lines } = sentenceOf(problem)
  const facts = factsOf(problem, [sentence, ...lines].join('\n'))
  const steps = nextSteps(problem, asked)
  return `${[printable(sentence), ...lines.map((line) => `  ${printable(line)}`), ...facts, ...steps.map((step) => `Next: ${step}`)].join('\n')}\n`
}

/** The decision's facts are lines of their own; a detail of several lines has them in it. */
function sentenceOf({ detail, sentence, lines }: Problem): { sentence: string; lines: readonly string[] } {
  if (typeof sentence === 'string' && Array.isArray(lines)) return { sentence, lines: lines.map(String) }
  const [first = '', ...rest] = detail.split('\n')
  return { sentence: first, lines: rest }
}

const said = new Set(['type', 'title', 'status', 'detail', 'instance', 'code', 'sentence', 'lines'])
/** Said by the sentence, or used for the next step. */
const saidByCode: Readonly<Record<string, readonly string[]>> = { NotAuthorized: ['reason', 'principal', 'node'] }
/** The lines of a decision are all its facts in words, but for which decision it was, and for which of several requests. */
const besideLines = new Set(['decisionId', 'index'])

/** Those that the sentence has not said; the request's id where somebody must look it up. */
function factsOf(problem: Problem, sentence: string): string[] {
  const facts = Object.entries(problem)
    .filter(([name]) =>
      Array.isArray(problem.lines)
        ? besideLines.has(name)
        : !said.has(name) && !saidByCode[problem.code]?.includes(name),
    )
    .map(([name, value]): [string, string] => [name, cellOf(value)])
    .filter(([, text]) => text !== '' && !sentence.toLowerCase().includes(text.toLowerCase()))
  if (problem.status >= 500 && problem.status !== 507) facts.push(['request', requestId(problem)])
  const width = Math.max(0, ...facts.map(([name]) => name.length))
  return facts.map(([name, text]) => `  ${name.padEnd(width)}  ${text}`)
}

const requestId = ({ instance = '' }: Problem): string => instance.replace('urn:cadastre:request:', '')

function nextSteps(problem: Problem, asked: Asked): readonly string[] {
  const { code } = problem
  if (problem.status === 401) return [signInAgain(asked)]
  if (code === 'NotAuthorized') return askForRole(problem, asked)
  if (code === 'DeniedByPolicy') return aroundPolicy(problem, asked)
  if (code === 'Exhausted') return roomElsewhere(problem, asked)
  if (code === 'InvalidAction')
    return [`the server at ${asked.server?.url} is of another version and has no such operation.`]
  if (code === 'NotFound') return findOthers(problem, asked)
  if (code === 'PreconditionFailed') return readAgain(asked, `repeat with \`--if-match '${cellOf(problem.current)}'\``)
  if (code === 'IdempotencyMismatch')
    return ['this key belongs to another request; take another one, or leave `--idempotency-key` out.']
  if (code === 'OutdatedRepeat') return ['to have it anew, take another `--idempotency-key`, or leave it out.']
  if (code === 'Throttled') return [`wait ${cellOf(problem.retryAfterSeconds)} s; ${repeatSafely(asked)}.`]
  if (problem.status === 503) return [`try again; ${repeatSafely(asked)}.`]
  if (problem.status === 409) return readAgain(asked, 'and change what stands in the way')
  if (problem.status === 400) return changeWords(problem, asked)
  if (problem.status >= 500) return [`whoever runs the server finds the request \`${requestId(problem)}\` in its log.`]
  return []
}

const has = ({ commands }: Asked, words: string): boolean => commands.some((command) => command.words === words)
const call = (words: string): string => `\`cadastre ${words}\``
const quoted = (text: string): string => (/^[\w:./@%+,=-]+$/.test(text) ? text : `'${text.replaceAll("'", `'\\''`)}'`)

function signInAgain({ server }: Asked): string {
  const profile = server?.profile === undefined ? '' : ` --profile ${server.profile}`
  const isFromEnvironment = server !== undefined && server.profile === undefined
  const words = call(`login --url ${server?.url ?? 'URL'}${profile}`)
  return isFromEnvironment
    ? `give CADASTRE_TOKEN another token, or unset it and sign in: ${words}.`
    : `sign in: ${words}.`
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
  const who = typeof principal === 'string' ? principal : (asked.server?.principal ?? 'PRINCIPAL')
  const place = node === everywhere ? 'everywhere (`*`)' : `at \`${node}\``
  const role = able.find((name) => name !== 'organization-administrator') ?? able[0]!
  return [
    `ask for one of these roles ${place}: ${able.join(', ')}.`,
    `whoever manages roles there: ${call(`role-binding create --principal ${quoted(who)} --role ${role} --node ${quoted(node)}`)}.`,
  ]
}

function aroundPolicy({ decisionId: decision }: Problem, asked: Asked): readonly string[] {
  const steps: string[] = []
  if (typeof decision === 'string' && has(asked, 'explain decision')) {
    steps.push(`${call(`explain decision ${decision}`)} tells why, and the nearest change that would be granted.`)
  }
  if (has(asked, 'exception request')) steps.push(`or ask for an exception: ${call(exceptionWords(asked.given))}.`)
  return steps
}

/** What was asked is filled in, as far as it goes by the same names. */
function exceptionWords({ account, locale, resourceType, poolId }: Given): string {
  const value = (given: Given[string], placeholder: string): string =>
    typeof given === 'string' ? quoted(given) : placeholder
  const grants = typeof poolId === 'string' ? quoted(JSON.stringify({ pools: [poolId] })) : 'JSON'
  return (
    `exception request --target ${value(account, 'ACCOUNT')} --locale ${value(locale, 'LOCALE')} ` +
    `--resource-type ${value(resourceType, 'TYPE')} --grants ${grants} --reason TEXT --expires-at MOMENT`
  )
}

function roomElsewhere({ poolId: pool, decisionId: decision }: Problem, asked: Asked): readonly string[] {
  const steps = [`ask for a smaller block, or whoever runs \`${cellOf(pool)}\` to provision more.`]
  if (typeof decision === 'string' && has(asked, 'explain decision')) {
    steps.push(`${call(`explain decision ${decision}`)} tells which pools were tried.`)
  }
  return steps
}

/** `ipam-pool` is listed by `pool list`, `api-token` by `token list`. */
function findOthers({ what }: Problem, asked: Asked): readonly string[] {
  const list = `${String(what).replace(/^(?:ipam|api)-/, '')} list`
  if (!has(asked, list)) return []
  if (what !== 'ipam-pool') return [`${call(list)} shows what there is that you may see.`]
  // What is only shared with an account is not among what its people may see, and can be used nevertheless.
  const { account } = asked.given
  const usable = `${list} --usable-by ${typeof account === 'string' ? quoted(account) : 'ACCOUNT'}`
  return [`${call(usable)} shows what the account may use, also what others share with it.`]
}

function readAgain(asked: Asked, then: string): readonly string[] {
  const reading = asked.commands.find(({ name }) => name === asked.command?.changes)
  if (!reading) return []
  const words = reading.parameters.filter(({ where }) => where === 'path').map(({ name }) => String(asked.given[name]))
  return [`read it again, ${call([reading.words, ...words.map(quoted)].join(' '))}, ${then}.`]
}

function repeatSafely({ command, idempotencyKey }: Asked): string {
  if (!command?.isWrite) return 'nothing was changed'
  if (idempotencyKey === undefined) return 'whether it was done, look before you repeat it'
  return `with \`--idempotency-key ${quoted(idempotencyKey)}\` it is done once, however often it is asked`
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
