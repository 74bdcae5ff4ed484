package registry

// Producer is the builder of producers, for records that Send would never send.
var Producer = producer

// Settings are those of every client.
var Settings = settings

// Notice is the least time between acceptance and effect of a later version.
const Notice = notice
