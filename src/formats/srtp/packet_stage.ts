import { writeU16, writeU32 } from "#base/big_endian.ts";
import type { BlockCipher } from "#base/crypto.ts";
import type { HmacStates } from "./hmac_states.ts";
import {
  KERNEL_LAYOUT,
  type KernelExports,
  packetKernelModule,
} from "./packet_kernel_code.ts";

/** Longest packet. */
export const MAX_SRTP_PACKET_BYTES = 65_535;

/** Packets that are worked on together; the rest of a frame comes next. Both halves stay in a processor's cache. */
const STAGE_BYTES = 128 * 1_024;

const KEY_STREAM_AT = KERNEL_LAYOUT.stage + STAGE_BYTES;

const SHA1_BLOCK_BYTES = 64;
const AES_BLOCK_BYTES = 16;

/** Behind a packet: a word that is authenticated with it, then the padding of SHA-1, 9 bytes at least. */
const TRAILER_BYTES = 4;
const MIN_PADDING_BYTES = 9;

const MAX_PACKETS = STAGE_BYTES / SHA1_BLOCK_BYTES;

const LANES = 4;

/** Words of a tag that are kept: 10 bytes need three. */
const TAG_WORDS = 3;

/** What the packets of one direction are encrypted and authenticated with. */
export interface PacketTransform {
  readonly cipher: BlockCipher;
  /** 14 bytes. */
  readonly salt: Uint8Array;
  readonly hmac: HmacStates;
}

/** What is done with a packet; caller-owned and reused. */
export interface PacketWork {
  /** Where the part begins that is encrypted, up to the end. */
  payloadOffsetBytes: number;
  ssrc: number;
  /** Up to 48 bits. */
  index: number;
  /** Authenticated behind the packet: 32 bits. */
  trailer: number;
}

/**
 * Encrypts and authenticates packets, many in one go: AES-CM and HMAC-SHA1.
 *
 * Used in turns: `clear`, `add` while there is room, then `mix` and `authenticate` in the order of the direction,
 * and the results are copied out before the next turn.
 * Spec: RFC 3711 §4.1.1, §4.2.1.
 */
export class PacketStage {
  /** Packets of this turn. */
  packetCount = 0;
  #kernel: KernelExports;
  #bytes: Uint8Array;
  #words: Uint32Array;
  #usedBytes = 0;
  #keyStreamBytes = 0;
  #starts = new Int32Array(MAX_PACKETS);
  #ends = new Int32Array(MAX_PACKETS);
  #payloads = new Int32Array(MAX_PACKETS);
  #keyStreams = new Int32Array(MAX_PACKETS);
  #trailers = new Uint32Array(MAX_PACKETS);
  #tags = new Uint32Array(MAX_PACKETS * TAG_WORDS);

  /** Compiles the module. */
  constructor() {
    const memoryBytes = KEY_STREAM_AT + STAGE_BYTES;
    const module = new WebAssembly.Module(packetKernelModule(memoryBytes));
    const { exports } = new WebAssembly.Instance(module);
    this.#kernel = exports as unknown as KernelExports;
    const { buffer } = this.#kernel.memory;
    this.#bytes = new Uint8Array(buffer);
    this.#words = new Uint32Array(buffer);
  }

  /** Begins a turn. */
  clear(): void {
    this.packetCount = 0;
    this.#usedBytes = 0;
    this.#keyStreamBytes = 0;
  }

  /** Whether a packet can be added; the first of a turn always can, up to {@linkcode MAX_SRTP_PACKET_BYTES}. */
  hasRoomFor(packetBytes: number): boolean {
    return this.#usedBytes + strideBytes(packetBytes) <= STAGE_BYTES;
  }

  /** Adds a packet: a copy is worked on. Hot path. */
  add(
    packet: Uint8Array,
    { salt }: PacketTransform,
    work: Readonly<PacketWork>,
  ): void {
    const slot = this.packetCount++;
    const at = KERNEL_LAYOUT.stage + this.#usedBytes;
    const end = at + packet.length;
    const payloadAt = at + work.payloadOffsetBytes;
    this.#bytes.set(packet, at);
    this.#usedBytes += strideBytes(packet.length);
    this.#starts[slot] = at;
    this.#ends[slot] = end;
    this.#payloads[slot] = payloadAt;
    this.#trailers[slot] = work.trailer;
    const keyStreamAt = KEY_STREAM_AT + this.#keyStreamBytes;
    this.#keyStreams[slot] = keyStreamAt;
    if (payloadAt === end) return;
    this.#setCounterBlock(salt, work);
    const blocks = Math.ceil((end - payloadAt) / AES_BLOCK_BYTES);
    this.#keyStreamBytes += blocks * AES_BLOCK_BYTES;
    this.#kernel.counters(keyStreamAt, KEY_STREAM_AT + this.#keyStreamBytes);
  }

  /** Encrypts what is clear and makes clear what is encrypted, for all packets of the turn. Hot path. */
  mix({ cipher }: PacketTransform): void {
    if (this.#keyStreamBytes === 0) return;
    const counters = this.#bytes.subarray(
      KEY_STREAM_AT,
      KEY_STREAM_AT + this.#keyStreamBytes,
    );
    counters.set(cipher.encrypt(counters));
    for (let slot = 0; slot < this.packetCount; slot++) {
      const payloadAt = this.#payloads[slot]!;
      const end = this.#ends[slot]!;
      if (payloadAt === end) continue;
      this.#kernel.mix(payloadAt, end, this.#keyStreams[slot]!);
    }
  }

  /** Computes the tags of all packets as they stand now, trailers included. Hot path. */
  authenticate({ hmac }: PacketTransform): void {
    this.#words.set(hmac.inner, KERNEL_LAYOUT.innerState / 4);
    this.#words.set(hmac.outer, KERNEL_LAYOUT.outerState / 4);
    for (let slot = 0; slot < this.packetCount; slot += LANES) {
      this.#authenticateFour(slot);
    }
  }

  /** Copies the packet of a slot out. */
  copyPacket(slot: number, into: Uint8Array, offsetBytes: number): void {
    const packet = this.#bytes.subarray(this.#starts[slot]!, this.#ends[slot]!);
    into.set(packet, offsetBytes);
  }

  /** Copies the first bytes of a slot's tag out. */
  copyTag(
    slot: number,
    tagBytes: number,
    into: Uint8Array,
    offsetBytes: number,
  ): void {
    for (let i = 0; i < tagBytes; i++) {
      into[offsetBytes + i] = this.#tagByte(slot, i);
    }
  }

  /** Whether the first bytes of a slot's tag are these, in a time that does not tell where they differ. */
  hasTag(slot: number, tag: Uint8Array): boolean {
    let difference = 0;
    for (let i = 0; i < tag.length; i++) {
      difference |= tag[i]! ^ this.#tagByte(slot, i);
    }
    return difference === 0;
  }

  #tagByte(slot: number, i: number): number {
    return this.#tags[slot * TAG_WORDS + (i >> 2)]! >>> 24 - 8 * (i & 3) & 0xff;
  }

  /** Spec: RFC 3711 §4.1.1: salt, source and index, each at its place. */
  #setCounterBlock(salt: Uint8Array, { ssrc, index }: PacketWork): void {
    const bytes = this.#bytes;
    const at = KERNEL_LAYOUT.counterBlock;
    writeU32(bytes, at + 4, ssrc);
    writeU32(bytes, at + 8, Math.floor(index / 2 ** 16));
    writeU16(bytes, at + 12, index);
    bytes.fill(0, at, at + 4);
    for (let i = 0; i < salt.length; i++) bytes[at + i]! ^= salt[i]!;
  }

  /** Lanes without a packet do the first one again. */
  #authenticateFour(slot: number): void {
    const counts = KERNEL_LAYOUT.blockCounts / 4;
    let maxBlocks = 0;
    for (let lane = 0; lane < LANES; lane++) {
      const isUsed = slot + lane < this.packetCount;
      const blocks = isUsed ? this.#pad(slot + lane) : 0;
      this.#words[counts + lane] = blocks;
      if (blocks > maxBlocks) maxBlocks = blocks;
    }
    const first = this.#starts[slot]!;
    const last = this.packetCount - 1;
    this.#kernel.hmac(
      first,
      slot + 1 <= last ? this.#starts[slot + 1]! : first,
      slot + 2 <= last ? this.#starts[slot + 2]! : first,
      slot + 3 <= last ? this.#starts[slot + 3]! : first,
      maxBlocks,
    );
    const digests = KERNEL_LAYOUT.digests / 4;
    for (let lane = 0; lane < LANES && slot + lane <= last; lane++) {
      for (let word = 0; word < TAG_WORDS; word++) {
        this.#tags[(slot + lane) * TAG_WORDS + word] = this
          .#words[digests + word * LANES + lane]!;
      }
    }
  }

  /** Writes trailer and padding behind a packet; answers its blocks. Spec: FIPS 180-4 §5.1.1. */
  #pad(slot: number): number {
    const bytes = this.#bytes;
    const start = this.#starts[slot]!;
    const end = this.#ends[slot]! + TRAILER_BYTES;
    const blocks = Math.ceil(
      (end - start + MIN_PADDING_BYTES) / SHA1_BLOCK_BYTES,
    );
    const paddedEnd = start + blocks * SHA1_BLOCK_BYTES;
    writeU32(bytes, end - TRAILER_BYTES, this.#trailers[slot]!);
    bytes.fill(0, end, paddedEnd);
    bytes[end] = 0x80;
    const hashedBytes = SHA1_BLOCK_BYTES + end - start;
    writeU32(bytes, paddedEnd - 4, hashedBytes * 8);
    return blocks;
  }
}

let shared: PacketStage | undefined;

/** The stage that everyone uses, one after another: nothing stays in it between two calls. */
export function packetStage(): PacketStage {
  return shared ??= new PacketStage();
}

/** Room for padding, and for the key stream's last block to run over the end. */
function strideBytes(packetBytes: number): number {
  const needed = packetBytes + Math.max(
    TRAILER_BYTES + MIN_PADDING_BYTES,
    AES_BLOCK_BYTES,
  );
  return Math.ceil(needed / SHA1_BLOCK_BYTES) * SHA1_BLOCK_BYTES;
}
