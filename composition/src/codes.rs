//! Names the errors and hints of composition by the codes that federation users know.
//!
//! **In:** nothing. **Out:** [`ErrorCode`] and [`HintCode`], one variant a code.
//!
//! **Never here:** when a code is raised (the rule that raises it knows), how an error reads
//! (`failure` does).
//!
//! **Holds:** a code is a public contract; [`ErrorCode::as_str`] never changes for a variant.

macro_rules! codes {
    ($(#[$doc:meta])* $name:ident { $($variant:ident = $code:literal,)* }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
        #[non_exhaustive]
        pub enum $name {
            $(#[doc = concat!("`", $code, "`")] $variant,)*
        }

        impl $name {
            /// All of them.
            pub const ALL: &[Self] = &[$(Self::$variant),*];

            /// The code as users know it.
            #[must_use]
            pub fn as_str(self) -> &'static str {
                match self { $(Self::$variant => $code,)* }
            }
        }

        impl std::fmt::Display for $name {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }
    };
}

codes! {
    /// Why composition refused its input.
    ErrorCode {
        InvalidGraphql = "INVALID_GRAPHQL",
        DirectiveDefinitionInvalid = "DIRECTIVE_DEFINITION_INVALID",
        TypeDefinitionInvalid = "TYPE_DEFINITION_INVALID",
        UnknownFederationLinkVersion = "UNKNOWN_FEDERATION_LINK_VERSION",
        UnknownLinkVersion = "UNKNOWN_LINK_VERSION",
        InvalidLinkIdentifier = "INVALID_LINK_IDENTIFIER",
        InvalidLinkDirectiveUsage = "INVALID_LINK_DIRECTIVE_USAGE",
        LinkImportNameMismatch = "LINK_IMPORT_NAME_MISMATCH",
        InvalidSubgraphName = "INVALID_SUBGRAPH_NAME",
        RootQueryUsed = "ROOT_QUERY_USED",
        RootMutationUsed = "ROOT_MUTATION_USED",
        RootSubscriptionUsed = "ROOT_SUBSCRIPTION_USED",
        ExtensionWithNoBase = "EXTENSION_WITH_NO_BASE",
        TypeWithOnlyUnusedExternal = "TYPE_WITH_ONLY_UNUSED_EXTERNAL",
        KeyInvalidFieldsType = "KEY_INVALID_FIELDS_TYPE",
        ProvidesInvalidFieldsType = "PROVIDES_INVALID_FIELDS_TYPE",
        RequiresInvalidFieldsType = "REQUIRES_INVALID_FIELDS_TYPE",
        KeyInvalidFields = "KEY_INVALID_FIELDS",
        ProvidesInvalidFields = "PROVIDES_INVALID_FIELDS",
        RequiresInvalidFields = "REQUIRES_INVALID_FIELDS",
        KeyFieldsHasArgs = "KEY_FIELDS_HAS_ARGS",
        ProvidesFieldsHasArgs = "PROVIDES_FIELDS_HAS_ARGS",
        KeyDirectiveInFieldsArg = "KEY_DIRECTIVE_IN_FIELDS_ARG",
        ProvidesDirectiveInFieldsArg = "PROVIDES_DIRECTIVE_IN_FIELDS_ARG",
        RequiresDirectiveInFieldsArg = "REQUIRES_DIRECTIVE_IN_FIELDS_ARG",
        KeyUnsupportedOnInterface = "KEY_UNSUPPORTED_ON_INTERFACE",
        ProvidesUnsupportedOnInterface = "PROVIDES_UNSUPPORTED_ON_INTERFACE",
        RequiresUnsupportedOnInterface = "REQUIRES_UNSUPPORTED_ON_INTERFACE",
        ProvidesFieldsMissingExternal = "PROVIDES_FIELDS_MISSING_EXTERNAL",
        RequiresFieldsMissingExternal = "REQUIRES_FIELDS_MISSING_EXTERNAL",
        KeyFieldsSelectInvalidType = "KEY_FIELDS_SELECT_INVALID_TYPE",
        ProvidesOnNonObjectField = "PROVIDES_ON_NON_OBJECT_FIELD",
        ExternalUnused = "EXTERNAL_UNUSED",
        ExternalOnInterface = "EXTERNAL_ON_INTERFACE",
        ExternalCollisionWithAnotherDirective = "EXTERNAL_COLLISION_WITH_ANOTHER_DIRECTIVE",
        InvalidShareableUsage = "INVALID_SHAREABLE_USAGE",
        InterfaceKeyNotOnImplementation = "INTERFACE_KEY_NOT_ON_IMPLEMENTATION",
        InterfaceKeyMissingImplementationType = "INTERFACE_KEY_MISSING_IMPLEMENTATION_TYPE",
        InterfaceObjectUsageError = "INTERFACE_OBJECT_USAGE_ERROR",
        CostAppliedToInterfaceField = "COST_APPLIED_TO_INTERFACE_FIELD",
        ListSizeAppliedToNonList = "LIST_SIZE_APPLIED_TO_NON_LIST",
        ListSizeInvalidAssumedSize = "LIST_SIZE_INVALID_ASSUMED_SIZE",
        ListSizeInvalidSlicingArgument = "LIST_SIZE_INVALID_SLICING_ARGUMENT",
        ListSizeInvalidSizedField = "LIST_SIZE_INVALID_SIZED_FIELD",
        CacheTagInvalidFormat = "CACHE_TAG_INVALID_FORMAT",
        CacheTagAppliedToNonRootField = "CACHE_TAG_APPLIED_TO_NON_ROOT_FIELD",
        CacheTagInvalidFormatArgumentOnRootField =
            "CACHE_TAG_INVALID_FORMAT_ARGUMENT_ON_ROOT_FIELD",
        CacheTagInvalidFormatArgumentOnEntity = "CACHE_TAG_INVALID_FORMAT_ARGUMENT_ON_ENTITY",
        CacheTagEntityNotResolvable = "CACHE_TAG_ENTITY_NOT_RESOLVABLE",
        AuthRequirementsAppliedOnInterface = "AUTH_REQUIREMENTS_APPLIED_ON_INTERFACE",
        DirectiveCompositionError = "DIRECTIVE_COMPOSITION_ERROR",
        MergedDirectiveApplicationOnExternal = "MERGED_DIRECTIVE_APPLICATION_ON_EXTERNAL",
        MissingTransitiveAuthRequirements = "MISSING_TRANSITIVE_AUTH_REQUIREMENTS",
        NoQueries = "NO_QUERIES",
        TypeKindMismatch = "TYPE_KIND_MISMATCH",
        FieldTypeMismatch = "FIELD_TYPE_MISMATCH",
        FieldArgumentTypeMismatch = "FIELD_ARGUMENT_TYPE_MISMATCH",
        FieldArgumentDefaultMismatch = "FIELD_ARGUMENT_DEFAULT_MISMATCH",
        InputFieldDefaultMismatch = "INPUT_FIELD_DEFAULT_MISMATCH",
        RequiredArgumentMissingInSomeSubgraph = "REQUIRED_ARGUMENT_MISSING_IN_SOME_SUBGRAPH",
        RequiredInputFieldMissingInSomeSubgraph = "REQUIRED_INPUT_FIELD_MISSING_IN_SOME_SUBGRAPH",
        EmptyMergedInputType = "EMPTY_MERGED_INPUT_TYPE",
        EmptyMergedEnumType = "EMPTY_MERGED_ENUM_TYPE",
        EnumValueMismatch = "ENUM_VALUE_MISMATCH",
        InvalidFieldSharing = "INVALID_FIELD_SHARING",
        InterfaceFieldNoImplem = "INTERFACE_FIELD_NO_IMPLEM",
        ExternalMissingOnBase = "EXTERNAL_MISSING_ON_BASE",
        ExternalTypeMismatch = "EXTERNAL_TYPE_MISMATCH",
        ExternalArgumentMissing = "EXTERNAL_ARGUMENT_MISSING",
        ExternalArgumentTypeMismatch = "EXTERNAL_ARGUMENT_TYPE_MISMATCH",
        ExternalArgumentDefaultMismatch = "EXTERNAL_ARGUMENT_DEFAULT_MISMATCH",
        OverrideFromSelfError = "OVERRIDE_FROM_SELF_ERROR",
        OverrideSourceHasOverride = "OVERRIDE_SOURCE_HAS_OVERRIDE",
        OverrideCollisionWithAnotherDirective = "OVERRIDE_COLLISION_WITH_ANOTHER_DIRECTIVE",
        OverrideOnInterface = "OVERRIDE_ON_INTERFACE",
        OverrideLabelInvalid = "OVERRIDE_LABEL_INVALID",
        ReferencedInaccessible = "REFERENCED_INACCESSIBLE",
        DefaultValueUsesInaccessible = "DEFAULT_VALUE_USES_INACCESSIBLE",
        QueryRootTypeInaccessible = "QUERY_ROOT_TYPE_INACCESSIBLE",
        RequiredInaccessible = "REQUIRED_INACCESSIBLE",
        ImplementedByInaccessible = "IMPLEMENTED_BY_INACCESSIBLE",
        DisallowedInaccessible = "DISALLOWED_INACCESSIBLE",
        OnlyInaccessibleChildren = "ONLY_INACCESSIBLE_CHILDREN",
        ShareableHasMismatchedRuntimeTypes = "SHAREABLE_HAS_MISMATCHED_RUNTIME_TYPES",
        ContextNameInvalid = "CONTEXT_NAME_INVALID",
        ContextNotSet = "CONTEXT_NOT_SET",
        NoContextInSelection = "NO_CONTEXT_IN_SELECTION",
        ContextInvalidSelection = "CONTEXT_INVALID_SELECTION",
        ContextNoResolvableKey = "CONTEXT_NO_RESOLVABLE_KEY",
        ContextualArgumentNotContextualInAllSubgraphs =
            "CONTEXTUAL_ARGUMENT_NOT_CONTEXTUAL_IN_ALL_SUBGRAPHS",
        GraphQlError = "GRAPH_QL_ERROR",
        UnknownConnectorsVersion = "UNKNOWN_CONNECTORS_VERSION",
        UnsupportedFederationVersion = "UNSUPPORTED_FEDERATION_VERSION",
        DuplicateSourceName = "DUPLICATE_SOURCE_NAME",
        DuplicateIdName = "DUPLICATE_ID_NAME",
        EmptySourceName = "EMPTY_SOURCE_NAME",
        InvalidSourceName = "INVALID_SOURCE_NAME",
        SourceNameMismatch = "SOURCE_NAME_MISMATCH",
        NoSourcesDefined = "NO_SOURCES_DEFINED",
        InvalidConnectorIdName = "INVALID_CONNECTOR_ID_NAME",
        InvalidUrl = "INVALID_URL",
        InvalidUrlScheme = "INVALID_URL_SCHEME",
        AbsoluteConnectUrlWithSource = "ABSOLUTE_CONNECT_URL_WITH_SOURCE",
        RelativeConnectUrlWithoutSource = "RELATIVE_CONNECT_URL_WITHOUT_SOURCE",
        InvalidUrlProperty = "INVALID_URL_PROPERTY",
        MultipleHttpMethods = "MULTIPLE_HTTP_METHODS",
        MissingHttpMethod = "MISSING_HTTP_METHOD",
        InvalidHeader = "INVALID_HEADER",
        HttpHeaderNameCollision = "HTTP_HEADER_NAME_COLLISION",
        InvalidBody = "INVALID_BODY",
        InvalidSelection = "INVALID_SELECTION",
        InvalidErrorsMessage = "INVALID_ERRORS_MESSAGE",
        InvalidIsSuccess = "INVALID_IS_SUCCESS",
        SubscriptionInConnectors = "SUBSCRIPTION_IN_CONNECTORS",
        ConnectOnRoot = "CONNECT_ON_ROOT",
        ConnectOnTypeMustBeEntity = "CONNECT_ON_TYPE_MUST_BE_ENTITY",
        ConnectBatchAndThis = "CONNECT_BATCH_AND_THIS",
        EntityNotOnRootQuery = "ENTITY_NOT_ON_ROOT_QUERY",
        EntityTypeInvalid = "ENTITY_TYPE_INVALID",
        EntityResolverArgumentMismatch = "ENTITY_RESOLVER_ARGUMENT_MISMATCH",
        MissingEntityConnector = "MISSING_ENTITY_CONNECTOR",
        ConnectorsCannotResolveKey = "CONNECTORS_CANNOT_RESOLVE_KEY",
        ConnectorsBatchKeyNotInSelection = "CONNECTORS_BATCH_KEY_NOT_IN_SELECTION",
        ConnectorsNonRootBatchKey = "CONNECTORS_NON_ROOT_BATCH_KEY",
        SelectedFieldNotFound = "SELECTED_FIELD_NOT_FOUND",
        GroupSelectionIsNotObject = "GROUP_SELECTION_IS_NOT_OBJECT",
        GroupSelectionRequiredForObject = "GROUP_SELECTION_REQUIRED_FOR_OBJECT",
        ConnectorsFieldWithArguments = "CONNECTORS_FIELD_WITH_ARGUMENTS",
        ConnectorsUnresolvedField = "CONNECTORS_UNRESOLVED_FIELD",
        ConnectorsUnsupportedAbstractType = "CONNECTORS_UNSUPPORTED_ABSTRACT_TYPE",
        ConnectorsUnsupportedFederationDirective =
            "CONNECTORS_UNSUPPORTED_FEDERATION_DIRECTIVE",
        ConnectorsInvalidTypename = "CONNECTORS_INVALID_TYPENAME",
        UndefinedArgument = "UNDEFINED_ARGUMENT",
        UndefinedField = "UNDEFINED_FIELD",
        UnsupportedVariableType = "UNSUPPORTED_VARIABLE_TYPE",
        MissingSchemaType = "MISSING_SCHEMA_TYPE",
        HttpOmittedRequiresV04 = "HTTP_OMITTED_REQUIRES_V0_4",
        RequestlessSelectionUsesRequestData = "REQUESTLESS_SELECTION_USES_REQUEST_DATA",
        SatisfiabilityError = "SATISFIABILITY_ERROR",
    }
}

codes! {
    /// What composition noticed although it succeeded.
    HintCode {
        InconsistentButCompatibleFieldType = "INCONSISTENT_BUT_COMPATIBLE_FIELD_TYPE",
        InconsistentButCompatibleArgumentType = "INCONSISTENT_BUT_COMPATIBLE_ARGUMENT_TYPE",
        InconsistentDefaultValuePresence = "INCONSISTENT_DEFAULT_VALUE_PRESENCE",
        InconsistentEntity = "INCONSISTENT_ENTITY",
        InconsistentObjectValueTypeField = "INCONSISTENT_OBJECT_VALUE_TYPE_FIELD",
        InconsistentInterfaceValueTypeField = "INCONSISTENT_INTERFACE_VALUE_TYPE_FIELD",
        InconsistentInputObjectField = "INCONSISTENT_INPUT_OBJECT_FIELD",
        InconsistentUnionMember = "INCONSISTENT_UNION_MEMBER",
        InconsistentEnumValueForInputEnum = "INCONSISTENT_ENUM_VALUE_FOR_INPUT_ENUM",
        InconsistentEnumValueForOutputEnum = "INCONSISTENT_ENUM_VALUE_FOR_OUTPUT_ENUM",
        InconsistentExecutableDirectivePresence = "INCONSISTENT_EXECUTABLE_DIRECTIVE_PRESENCE",
        NoExecutableDirectiveIntersection = "NO_EXECUTABLE_DIRECTIVE_INTERSECTION",
        InconsistentExecutableDirectiveRepeatable = "INCONSISTENT_EXECUTABLE_DIRECTIVE_REPEATABLE",
        InconsistentExecutableDirectiveLocations = "INCONSISTENT_EXECUTABLE_DIRECTIVE_LOCATIONS",
        InconsistentDescription = "INCONSISTENT_DESCRIPTION",
        InconsistentArgumentPresence = "INCONSISTENT_ARGUMENT_PRESENCE",
        FromSubgraphDoesNotExist = "FROM_SUBGRAPH_DOES_NOT_EXIST",
        OverriddenFieldCanBeRemoved = "OVERRIDDEN_FIELD_CAN_BE_REMOVED",
        OverrideDirectiveCanBeRemoved = "OVERRIDE_DIRECTIVE_CAN_BE_REMOVED",
        OverrideMigrationInProgress = "OVERRIDE_MIGRATION_IN_PROGRESS",
        UnusedEnumType = "UNUSED_ENUM_TYPE",
        InconsistentNonRepeatableDirectiveArguments =
            "INCONSISTENT_NON_REPEATABLE_DIRECTIVE_ARGUMENTS",
        MergedNonRepeatableDirectiveArguments = "MERGED_NON_REPEATABLE_DIRECTIVE_ARGUMENTS",
        DirectiveCompositionWarn = "DIRECTIVE_COMPOSITION_WARN",
        DirectiveCompositionInfo = "DIRECTIVE_COMPOSITION_INFO",
        InconsistentRuntimeTypesForShareableReturn =
            "INCONSISTENT_RUNTIME_TYPES_FOR_SHAREABLE_RETURN",
        ContextualArgumentNotContextualInAllSubgraphs =
            "CONTEXTUAL_ARGUMENT_NOT_CONTEXTUAL_IN_ALL_SUBGRAPHS",
        NoSourceImport = "NO_SOURCE_IMPORT",
        ImplicitlyUpgradedFederationVersion = "IMPLICITLY_UPGRADED_FEDERATION_VERSION",
        ConnectorsPreviewVersion = "CONNECTORS_PREVIEW_VERSION",
        ConnectorsFanOut = "CONNECTORS_FAN_OUT",
        SatisfiabilityNotFullyChecked = "SATISFIABILITY_NOT_FULLY_CHECKED",
    }
}

#[cfg(test)]
mod tests {
    use super::{ErrorCode, HintCode};

    #[test]
    fn every_code_of_connectors_has_a_page() {
        let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../fixtures/connectors");
        let of_connectors =
            ErrorCode::GraphQlError..=ErrorCode::RequestlessSelectionUsesRequestData;
        let errors = ErrorCode::ALL.iter().filter(|code| of_connectors.contains(code));
        let hints = HintCode::NoSourceImport..=HintCode::ConnectorsFanOut;
        let hints = HintCode::ALL.iter().filter(|code| hints.contains(code));
        let codes: Vec<&str> =
            errors.map(|code| code.as_str()).chain(hints.map(|code| code.as_str())).collect();
        assert!(codes.len() > 40, "{codes:?}");
        for code in codes {
            let name = code.to_lowercase().replace('_', "-");
            let page = std::fs::read_to_string(format!("{folder}/code-{name}.md"));
            let page = page.unwrap_or_else(|error| panic!("{code} has no page: {error}"));
            assert!(page.contains(&format!("[{code}]: ")), "{code} is not reached by its page");
        }
    }
}
