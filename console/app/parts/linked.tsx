// Sentences of the server: each id in them has its name beside it, and leads somewhere.
import type { ReactNode } from 'react'
import { Link } from 'react-router'
import { useNodeNames, usePoolNames } from './names.ts'

const leads: readonly (readonly [RegExp, (id: string) => string])[] = [
  [/^ipam-pool-[0-9a-f]+$/, (id) => `/pools/${id}`],
  [/^ipam-policy-[0-9a-f]+$/, (id) => `/policies/${id}`],
  [/^exception-[0-9a-f]+$/, (id) => `/exceptions/${id}`],
  [/^decision-[0-9a-f]+$/, (id) => `/decisions/${id}`],
  [/^change-request-[0-9a-f]+$/, (id) => `/change-requests/${id}`],
  [/^[0-9]{12}$/, (id) => `/account?id=${id}`],
]
const ids =
  /((?:ipam-pool|ipam-policy|exception|decision|change-request)-[0-9a-f]+|\bou-[0-9a-z]+-[0-9a-z]+|\br-[0-9a-z]{4,32}\b|\b[0-9]{12}\b)/

export function Linked({
  children,
  names = {},
}: {
  readonly children: string
  readonly names?: Readonly<Record<string, string>> | undefined
}): ReactNode {
  const nodeName = useNodeNames()
  const poolName = usePoolNames()
  const parts = children.replaceAll('`', '').split(ids)
  return (
    <bdi className="text">
      {parts.map((part, index) => {
        const name = names[part] ?? nodeName(part) ?? poolName(part)
        const rest = parts[index + 1]
        // The server has said the name itself.
        const text = name === undefined || rest?.startsWith(` (${name})`) ? part : `${name} (${part})`
        const lead = leads.find(([pattern]) => pattern.test(part))
        return lead ? (
          // biome-ignore lint/suspicious/noArrayIndexKey: parts of one sentence never move
          <Link key={index} to={lead[1](part)}>
            {text}
          </Link>
        ) : (
          text
        )
      })}
    </bdi>
  )
}
