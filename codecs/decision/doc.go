// Package decision is the decision record: what the engine publishes, once, when a guardrail of a running experiment is harmed beyond
// its margin or its split is broken, and what the registry acts on.
//
// A [Record] carries its evidence: the e-value, the level that it was held against, the exact sums of both arms, and the pane of a second
// at whose close it crossed. Its id names what was decided of which arm in which run, so that a decision read twice is one. [Codec]
// writes JSON that depends on nothing but the record. The key of the topic is the experiment.
package decision
