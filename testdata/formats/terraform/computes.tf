variable "size" {
  default = "Standard_NC6s_v3"
}

resource "azurerm_machine_learning_compute_cluster" "training" {
  name        = "training"
  vm_size     = var.size
  vm_priority = "LowPriority"
  scale_settings {
    min_node_count = 0
    max_node_count = 4
  }
}

resource "azurerm_machine_learning_compute_cluster" "fixed" {
  name        = "fixed"
  vm_size     = "Standard_DS3_v2"
  vm_priority = "Dedicated"
  scale_settings {
    min_node_count = 2
    max_node_count = 2
  }
}

resource "azurerm_machine_learning_compute_instance" "notebook" {
  name                 = "notebook"
  virtual_machine_size = "Standard_NC6s_v3"
}

resource "azurerm_machine_learning_inference_cluster" "inference" {
  name            = "inference"
  cluster_purpose = "DevTest"
}
