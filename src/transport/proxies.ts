import { BlockList, isIP } from "node:net";

/** Proxies whose word is taken for who has come: each of their connections begins with it. */
export class Proxies {
  readonly #trusted = new BlockList();

  /**
   * @param from addresses and networks such as `10.0.0.0/8`
   * @throws {RangeError} for anything else
   */
  constructor(from: readonly string[]) {
    for (const one of from) this.#add(one);
  }

  /** Whether an address is one of them. */
  include(address: string): boolean {
    const bare = address.replace(/^::ffff:(?=[0-9.]+$)/i, "");
    const version = isIP(bare);
    return version !== 0 && this.#trusted.check(bare, version === 4 ? "ipv4" : "ipv6");
  }

  #add(one: string): void {
    const [address = "", bits, ...more] = one.split("/");
    const version = isIP(address);
    const most = version === 4 ? 32 : 128;
    const isBits = bits === undefined || (/^[0-9]{1,3}$/.test(bits) && Number(bits) <= most);
    if (version === 0 || !isBits || more.length > 0) throw new RangeError(one);
    const family = version === 4 ? "ipv4" : "ipv6";
    this.#trusted.addSubnet(address, bits === undefined ? most : Number(bits), family);
  }
}
