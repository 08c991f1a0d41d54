"""The office: the installation itself, operators, publishing of policies."""
