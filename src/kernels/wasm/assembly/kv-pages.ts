// Where tokens of a KV cache lie. A sequence has a table of pages (i32 addresses) of KV_PAGE tokens each; one layer's
// keys (or values) lie at the same offset of every page: K heads one after the other, each f32 [KV_PAGE, D], or int8 codes
// followed, behind all heads, by f32 scales [K, KV_PAGE]. Int8 codes lie in the pairs in which attention multiplies them:
// of a key two numbers, [D / 2, KV_PAGE, 2], of values two tokens, [KV_PAGE / 2, D, 2].
import { KV_PAGE } from "./op";

/** Address of what lies at `offset` of the page that holds `token`. */
// @ts-ignore: decorator
@inline
export function pageOf(pages: usize, offset: i32, token: i32): usize {
  return <usize>load<u32>(pages + (<usize>(token / KV_PAGE) << 2)) + <usize>offset;
}
