// Where the catalogue's facts come from.

/** Demystifying Small Language Models for Edge Deployment (Lu et al., ACL 2025): the 68 models of its Table 1. */
export const survey = "Lu et al. 2025, Table 1";
/** Sizes that the same authors measure on their leaderboard, beside those of the table. */
export const leaderboard = "Lu et al. 2025, leaderboard";
/** MobileLLM (Liu et al., ICML 2024), Table 9. */
export const mobileLlm = "Liu et al. 2024, Table 9";
/** PhoneLM (Yi et al., 2024), Table 1. */
export const phoneLm = "Yi et al. 2024, Table 1";

/** All sources, for validation. */
export const sources = [survey, leaderboard, mobileLlm, phoneLm] as const;
