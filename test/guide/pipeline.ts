// Pipelines of forges that a page shows: their jobs as commands, with a fake of what the forge gives them.
import assert from 'node:assert/strict'
import { parse } from 'yaml'

export interface PipelineJob {
  readonly name: string
  /** For a shell of its own. */
  readonly script: string
  /** Whether it leaves a comment, in `forge-comment.md`. */
  readonly comments: boolean
}

type Env = Readonly<Record<string, string>>
interface Step {
  readonly run?: string
  readonly uses?: string
  readonly env?: Env
}
interface Workflow {
  readonly on: object
  readonly env: Env
  readonly jobs: Readonly<Record<string, { readonly if: string; readonly steps: readonly Step[] }>>
}
interface GitLabJob {
  readonly script: readonly string[]
  readonly rules: readonly { readonly if: string }[]
}
type GitLabFile = Readonly<Record<string, GitLabJob>> & {
  readonly default: { readonly before_script: readonly string[] }
}

const url = 'http://127.0.0.1:7420'
/** What the forge has that a page does not make itself; a name that is not here fails the test. */
const known: Env = {
  'vars.CADASTRE_URL': url,
  'secrets.CADASTRE_TOKEN': '$(cat token.txt)',
  'github.token': 'a-token',
  'github.event.pull_request.number': '7',
}
const fakes = `npm() { test "$1" = install; }
gh() { test "$1 $2 $3 $4" = 'pr comment 7 --body-file' && cp "$5" forge-comment.md; }
curl() {
  for word; do
    case $word in
      body@*) cp "\${word#body@}" forge-comment.md ;;
      https://*) test "$word" = https://gitlab.example/api/v4/projects/3/merge_requests/7/notes || return 1 ;;
    esac
  done
}
`
const quoted = (text: string): string => (text.startsWith('$(') ? `"${text}"` : `'${text.replaceAll("'", `'\\''`)}'`)
const exported = (env: Env): string =>
  Object.entries(env)
    .map(([name, value]) => `export ${name}=${quoted(value)}\n`)
    .join('')
const scriptOf = (env: Env, commands: string): string => `(\nset -e\n${fakes}${exported(env)}${commands}\n)\n`

/** The jobs of a file, in its order; none where it is no pipeline. */
export function jobsOf(name: string, text: string): readonly PipelineJob[] {
  if (name.startsWith('.github/workflows/')) return ofGitHub(parse(text) as Workflow)
  return name === '.gitlab-ci.yml' ? ofGitLab(parse(text) as GitLabFile) : []
}

function ofGitHub({ on, env, jobs }: Workflow): readonly PipelineJob[] {
  const filled = (values: Env): Env =>
    Object.fromEntries(
      Object.entries(values).map(([name, value]) => [
        name,
        value.replaceAll(/\$\{\{ *([\w.]+) *\}\}/g, (_, expression: string) => {
          assert(expression in known, `the forge has no ${expression}`)
          return known[expression]!
        }),
      ]),
    )
  return Object.entries(jobs).map(([name, job]) => {
    const [, event = ''] = /^github\.event_name == '(\w+)'$/.exec(job.if) ?? []
    assert(event in on, `${name} runs for ${event}, which does not start the pipeline`)
    const commands = job.steps.flatMap(({ run, uses, env: own = {} }) => {
      assert(run !== undefined || /^actions\/[\w-]+@v\d+$/.test(uses ?? ''), `${name} has a step that does nothing`)
      return run === undefined ? [] : [`${exported(filled(own))}${run}`]
    })
    const script = scriptOf(filled(env), commands.join('\n'))
    return { name, script, comments: script.includes('gh pr comment') }
  })
}

function ofGitLab({ default: { before_script: before }, ...jobs }: GitLabFile): readonly PipelineJob[] {
  const env: Env = {
    CADASTRE_URL: url,
    CADASTRE_TOKEN: known['secrets.CADASTRE_TOKEN']!,
    GITLAB_TOKEN: 'a-token',
    CI_API_V4_URL: 'https://gitlab.example/api/v4',
    CI_PROJECT_ID: '3',
    CI_MERGE_REQUEST_IID: '7',
    CI_COMMIT_BRANCH: 'main',
    CI_DEFAULT_BRANCH: 'main',
  }
  return Object.entries(jobs).map(([name, job]) => {
    for (const { if: rule } of job.rules)
      assert.match(rule, /^\$CI_\w+ == ("merge_request_event"|\$CI_DEFAULT_BRANCH)$/)
    const script = scriptOf(env, [...before, ...job.script].join('\n'))
    return { name, script, comments: job.script.some((line) => line.startsWith('curl ')) }
  })
}
