/** More bits than a hash has to spare would make the last cards of a hand uneven. */
const maximumEntropyBits = 60;

/** Whether hands of this size can be dealt from so many queues, within the entropy of a 64-bit hash. */
export function canDeal(queues: number, handSize: number): boolean {
  if (queues <= 0 || handSize <= 0 || handSize > queues) return false;
  return Math.ceil(Math.log2(queues) * handSize) <= maximumEntropyBits;
}

/** Deals `handSize` different queues by a hash, as k8s.io/apiserver/pkg/util/shufflesharding does. `canDeal` must hold. */
export function dealHand(hash: bigint, queues: number, handSize: number): number[] {
  const remainders: number[] = [];
  let rest = hash;
  for (let dealt = 0; dealt < handSize; dealt++) {
    const left = BigInt(queues - dealt);
    remainders.push(Number(rest % left));
    rest /= left;
  }
  return remainders.map((remainder, index) => {
    let card = remainder;
    for (let before = index; before > 0; before--) if (card >= (remainders[before - 1] as number)) card++;
    return card;
  });
}
