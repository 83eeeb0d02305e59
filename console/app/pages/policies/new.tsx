// A new policy: it says nothing and acts nowhere yet.
import Container from '@cloudscape-design/components/container'
import { useQuery } from '@tanstack/react-query'
import type { ReactNode } from 'react'
import { useNavigate } from 'react-router'
import { answer, api } from '../../api/client.ts'
import { nodes, treeRowsMax } from '../../api/lists.ts'
import { ask, load } from '../../api/queries.ts'
import { ChoiceField, Form, needed, TextField, useForm } from '../../parts/form.tsx'
import { named, useNodeNames } from '../../parts/names.ts'
import { Page } from '../../parts/page.tsx'
import { semantics } from './semantics.ts'

const ipams = ask(['ipams'], (signal) => api.GET('/ipams', { params: { query: { limit: treeRowsMax } }, signal }))
export const loader = (): Promise<null> => load(ipams, nodes)

export function Component(): ReactNode {
  const navigate = useNavigate()
  const nameOf = useNodeNames()
  const { data } = useQuery(ipams)
  const form = useForm({
    initial: { ipamId: data?.items[0]?.ipamId ?? '', name: '', contact: '', compatibility: '' },
    checks: { ipamId: needed('Choose an IPAM.'), name: needed('Say a name.') },
    call: ({ ipamId, name, contact, compatibility }) =>
      answer(
        api.POST('/policies', {
          body: {
            ipamId,
            name: name.trim(),
            ...(contact.trim() === '' ? {} : { contact: contact.trim() }),
            ...(compatibility === '' ? {} : { compatibility: compatibility as 'strict' | 'aws' }),
            tags: {},
          },
        }),
      ),
    done: 'The policy is made. It acts once it has a document and is enabled somewhere.',
    after: ({ policyId }) => void navigate(`/policies/${policyId}`),
  })
  return (
    <Page
      title="Make a policy"
      description="It says nothing before it has documents, and acts nowhere before it is enabled."
      commands={[
        `cadastre policy create --ipam-id ${form.values.ipamId || 'IPAM'} --name '${form.values.name || 'NAME'}'`,
      ]}
      requests={[]}
    >
      <Container>
        <Form form={form} act="Make the policy" cancel={() => void navigate('/policies')}>
          <TextField form={form} name="name" label="Name" isFirst />
          <ChoiceField
            form={form}
            name="ipamId"
            label="IPAM"
            hint="Its owner owns the policy."
            options={(data?.items ?? []).map(({ ipamId, name, account }) => ({
              value: ipamId,
              label: name ?? ipamId,
              description: `${ipamId}, ${named(account, nameOf(account))}`,
            }))}
          />
          <ChoiceField
            form={form}
            name="compatibility"
            label="Semantics"
            isOptional
            options={semantics}
            placeholder="As the IPAM says"
          />
          <TextField
            form={form}
            name="contact"
            label="Contact"
            hint="Whom to ask: those who are denied are told."
            isOptional
          />
        </Form>
      </Container>
    </Page>
  )
}
