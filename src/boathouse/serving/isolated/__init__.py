"""Models in processes of their own: in their own environment, or because their code is not only a library's."""
