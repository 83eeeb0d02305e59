// What AWS documents of its operations: the SDK's types carry the documentation of the service model.
import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'

const models = new URL('../node_modules/@aws-sdk/client-ec2/dist-types/models/', import.meta.url)
const documentation = readdirSync(fileURLToPath(models))
  .filter((name) => name.endsWith('.d.ts'))
  .map((name) => readFileSync(new URL(name, models), 'utf8'))
  .join('\n')

/** The filters that are documented for an operation of EC2, and the member of its request that they stand in. */
export function documentedFilters(operation: string): { field: 'Filter' | 'Filters'; names: string[] } | undefined {
  const request = documentation.match(new RegExp(`^export interface ${operation}Request \\{$.*?^\\}$`, 'ms'))?.[0]
  const member = request?.match(/\/\*\*((?:(?!\*\/).)*?)\*\/\s*(Filters?)\?: Filter\[\]/s)
  if (!member) return undefined
  const text = member[1]!.replaceAll(/\n\s*\*/g, ' ')
  // A filter by a tag is listed as `tag`, with the key to be put behind it.
  const names = [...text.matchAll(/<li>\s*<p>\s*<code>([a-zA-Z0-9.-]+)<\/code>/g)].map(([, name]) =>
    name === 'tag' ? 'tag:Owner' : name!,
  )
  return { field: member[2] as 'Filter' | 'Filters', names }
}
