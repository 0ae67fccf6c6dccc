package facts

// Link is a reference to what another document defines.
type Link struct {
	What     string     // in words: compute gpu-cluster
	Location Location   // where the deployment refers to it
	Found    []Location // the documents that define it, or the first of many
	Why      string     // why it was not followed; empty when it was
}
