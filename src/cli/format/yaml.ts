// YAML as PyYAML dumps it in block style: the yaml package lays out the blocks, yaml-scalar writes the scalars.
import type { Node, ScalarTag } from 'yaml'
import { Document, Pair, Scalar, YAMLMap, YAMLSeq } from 'yaml'
import type { Json } from '../../registry/codec.ts'
import type { Branch } from './branch.ts'
import { shapeOf, sortedKeys } from './branch.ts'
import { isSimpleKey, scalarOf } from './yaml-scalar.ts'

export function formatYaml(branch: Branch): string {
  return yamlOf(shapeOf(branch))
}

export function yamlOf(value: Json): string {
  const document = new Document(null, { schema: 'failsafe', customTags: tags => [scalarTag, ...tags] })
  document.contents = nodeOf(value)
  return document.toString({ indentSeq: false, lineWidth: 0 })
}

const scalarTag: ScalarTag = {
  tag: 'tag:yaml.org,2002:str',
  default: true,
  identify: value => typeof value !== 'object' || value === null,
  resolve: text => text,
  stringify: ({ value }, { indent, indentAtStart, indentStep, implicitKey = false }) =>
    scalarOf(value as Json, {
      // After `key: ` the width of the key comes on top of the indent of the mapping.
      column: indent.length + (indentAtStart === undefined ? 0 : indentAtStart - indentStep.length),
      indent,
      isKey: implicitKey,
    }),
}

function nodeOf(value: Json): Node {
  if (Array.isArray(value)) {
    const list = new YAMLSeq()
    list.items = value.map(nodeOf)
    return list
  }
  if (typeof value !== 'object' || value === null) return new Scalar(value)
  const map = new YAMLMap()
  const entries = value as Readonly<Record<string, Json>>
  map.items = sortedKeys(entries).map(key => new Pair(keyOf(key), nodeOf(entries[key] as Json)))
  return map
}

/** The type of a block scalar makes the package write `? key`, as PyYAML does for long and for empty keys. */
function keyOf(key: string): Node {
  const node = new Scalar(key)
  if (!isSimpleKey(key)) node.type = Scalar.BLOCK_LITERAL
  return node
}
