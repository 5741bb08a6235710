// The points as they come: the safetensors format, a JSON header and then the numbers.

const KINDS = { I16: Int16Array, U8: Uint8Array, I64: BigInt64Array };

/** Tensors by name, and the metadata, of one reply's bytes. */
export function readTensors(buffer) {
  const view = new DataView(buffer);
  const length = Number(view.getBigUint64(0, true));
  const header = JSON.parse(new TextDecoder().decode(new Uint8Array(buffer, 8, length)));
  const metadata = header.__metadata__;
  delete header.__metadata__;
  const tensors = {};
  for (const [name, { dtype, shape, data_offsets: [from] }] of Object.entries(header)) {
    tensors[name] = new KINDS[dtype](buffer, 8 + length + from, shape[0]);
  }
  return { tensors, facts: JSON.parse(metadata.map) };
}

/** Some tensors of the map of an index. Raises Error: the server's words. */
export async function fetchTensors(index, names) {
  const query = new URLSearchParams([["index", index], ...names.map((name) => ["tensors", name])]);
  const reply = await fetch(`/page/map/points?${query}`);
  if (!reply.ok) throw new Error(`the server answered ${reply.status}`);
  return readTensors(await reply.arrayBuffer());
}
