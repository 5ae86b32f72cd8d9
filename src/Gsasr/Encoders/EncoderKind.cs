using Gsasr.Architecture;
using Gsasr.Checkpoints;

namespace Gsasr.Encoders;

/// <summary>A kind of encoder that checkpoints can hold.</summary>
/// <param name="Name">Its name in messages.</param>
/// <param name="FirstTensor">A tensor that every encoder of this kind has, without a prefix.</param>
/// <param name="TryRecognise">Reads an encoder's sizes off its tensors, if it is one of this kind; null if not.</param>
internal sealed record EncoderKind(string Name, string FirstTensor, Func<TensorShapes, EncoderArchitecture?> TryRecognise)
{
    /// <summary>All kinds. Add a new one here; its classes go into a folder beside this file.</summary>
    public static IReadOnlyList<EncoderKind> All { get; } =
        [EdsrArchitecture.Kind, RdnArchitecture.Kind, SwinIrArchitecture.Kind, HatLArchitecture.Kind];

    /// <summary>Reads an encoder's sizes off its tensors.</summary>
    /// <param name="kinds">The kinds that it can be of.</param>
    /// <param name="shapes">The tensors.</param>
    /// <param name="source">Where they come from, for the message.</param>
    /// <exception cref="CheckpointFormatException">It is of none of these kinds.</exception>
    public static EncoderArchitecture Recognise(IReadOnlyList<EncoderKind> kinds, TensorShapes shapes, string source) =>
        kinds.Select(kind => kind.TryRecognise(shapes)).FirstOrDefault(architecture => architecture is not null)
        ?? throw new CheckpointFormatException(
            $"{source}: the encoder is none of those that GSASR is known with ({string.Join(", ", kinds.Select(kind => kind.Name))}).");
}
