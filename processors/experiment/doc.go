// Package experiment says what an experiment is: its definition as a YAML document, its versions as the registry keeps
// them, and the deltas that pass between the two stages that count it.
//
//	experiment: checkout-button
//	variants: {control: 50, treatment: 50}
//	control: control
//	metrics:
//	  - {name: purchase, kind: conversion, event: purchase, window: 7d, primary: true}
//
// Parse reads such a document and refuses fields it does not know, with their lines; Validate reports every fault of a
// definition at once; Defaults writes out what the document leaves open. An Entry is a row of the registry table.
// Definitions are plain data: nothing here has a clock, does I/O or keeps state.
package experiment
