using System.Text.Json.Serialization;

namespace Gsasr.Cli.Reporting;

/// <summary>Turns events into JSON, with code that is generated at compile time.</summary>
[JsonSourceGenerationOptions(
    PropertyNamingPolicy = JsonKnownNamingPolicy.SnakeCaseLower, DefaultIgnoreCondition = JsonIgnoreCondition.WhenWritingNull)]
[JsonSerializable(typeof(ReportEvent))]
internal sealed partial class ReportJson : JsonSerializerContext;
