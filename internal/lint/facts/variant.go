package facts

// StatementWords returns the words of the facts that annotations, labels and tags may declare, as
// mlpolicy.dev/<word>: words of DeploymentFields, and ModelSize.
func StatementWords() []string {
	return []string{"workload", "stage", "target", "designer", ModelSize}
}

// ModelSize is the word for the size of the only model.
const ModelSize = "model-size"

// Labelled is the word for a workload that is read from labels of operators or images of model
// servers. It can be untrusted like a statement, since nothing else depends on such a label.
const Labelled = "labelled"

// Variant is a deployment without some of the untrusted statements of its document, or with another
// interpretation of its scheduling. There is one for each interpretation and each set of statements
// that can be left out, the smaller sets first. Together they have all violations that the deployment
// would have if its document stated less.
type Variant struct {
	*Deployment
	Of int // the index of the deployment in Facts.Deployments
}
