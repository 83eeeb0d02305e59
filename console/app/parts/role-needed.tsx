// For want of a role: which ones would do, where, and who gives them. It says nothing of what is there.
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { type Action, everywhere, roleNames, roles } from '#model/roles.ts'
import type { Trouble } from '../api/client.ts'
import { nodes } from '../api/lists.ts'

export function RoleNeeded({ of }: { of: Trouble }): ReactNode {
  const { action, reason, node, principal } = of.facts
  const { data } = useQuery({ ...nodes, retry: false })
  if (reason === 'scopes') return <p>The token is narrower than your roles: sign in, or use another one.</p>
  if (reason === 'forbidden') return <p>Whoever manages roles there can take away what forbids it.</p>
  if (reason !== 'no-role' || typeof node !== 'string') return null
  const able = roleNames.filter((name) => (roles[name].actions as readonly Action[]).includes(action as Action))
  const giving = roleNames.filter((name) => (roles[name].actions as readonly Action[]).includes('role:manage'))
  const name = data?.items.find(({ nodeId }) => nodeId === node)?.name
  const place = node === everywhere ? 'everywhere' : `at ${name === undefined ? node : `${name} (${node})`}`
  const [role] = [...able].sort((one, other) => roles[one].actions.length - roles[other].actions.length)
  return (
    <>
      <p>
        One of these roles {place} is needed: <strong>{able.join(', ')}</strong>. Whoever is {giving.join(' or ')}{' '}
        there, or above, gives it:
      </p>
      <pre className="commands">
        {`cadastre role-binding create --principal ${String(principal)} --role ${role} --node '${node}'`}
      </pre>
    </>
  )
}
