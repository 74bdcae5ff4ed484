// Package assign says which variant a unit belongs to: pure functions, for whoever assigns units (a service, a web page's backend) before
// it reports exposures. The engine itself reads exposures and assigns nobody.
//
// A unit has a share in [0, 1) for each seed, such as the name of an experiment, and a variant has a range of shares:
//
//	Share             murmur3 x64-128 of seed, a 0 byte and unit; shares of different seeds are independent
//	Ranges, Choose    variant i has [c, c + traffic w_i), c the weights before it: more traffic never moves a unit to another variant
//	Draws             whether a layer's part has a unit: parts that do not meet share none
//	Of                all of it by an experiment's definition
//
// # GrowthBook
//
// GrowthBook is the hashing of GrowthBook's SDKs (spec 0.8), for experiments whose units one of them assigns. Version 1 is a single FNV
// whose shares correlate between experiments, so it is for what runs already. The SDKs differ about ids beyond ASCII: those in
// JavaScript hash UTF-16 code units, those in Go UTF-8 bytes, and half of such units get another arm.
package assign
